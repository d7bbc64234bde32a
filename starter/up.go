package main
import "github.com/spf13/cobra"
func (f *face) upCommand() *cobra.Command { return &cobra.Command{Use:"up", RunE: func(*cobra.Command, []string) error {return nil}} }
