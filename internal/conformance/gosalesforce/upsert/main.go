// Command upsert does the bench's job with go-salesforce: it reads the contacts
// of a CSV, maps its columns to the org's fields, upserts them by an external id
// and prints what became of them as one JSON object. It is what a developer
// writes who takes the client and its documentation, and nothing more.
//
// As the documentation has it, one call hands all of the contacts to
// UpsertCollection, which sends 200 at a time and awaits each answer; with
// AT_A_TIME so many such calls are under way, over connections that are kept.
package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/k-capehart/go-salesforce/v3"
)

const (
	library   = "github.com/k-capehart/go-salesforce/v3"
	batchSize = 200 // contacts of a call
)

// contact is a contact, by the names of the org's fields.
type contact = map[string]any

// report is what is printed.
type report struct {
	Client  string  `json:"client"`
	Landed  int     `json:"landed"`
	Failed  int     `json:"failed"`
	Seconds float64 `json:"seconds"`
	PeakMB  float64 `json:"peak_mb"`
}

func main() {
	r, err := run()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "upsert:", err)
		os.Exit(1)
	}
}

func run() (report, error) {
	atATime, _ := strconv.Atoi(os.Getenv("AT_A_TIME")) // none is one
	var options []salesforce.Option
	if atATime > 1 {
		options = append(options, salesforce.WithRoundTripper(&http.Transport{MaxIdleConnsPerHost: atATime}))
	}
	org, err := salesforce.Init(salesforce.Creds{Domain: os.Getenv("ADDRESS"), AccessToken: os.Getenv("TOKEN")}, options...)
	if err != nil {
		return report{}, fmt.Errorf("connecting: %w", err)
	}
	begun := time.Now()
	contacts, err := read(os.Getenv("CONTACTS"), os.Getenv("COLUMNS"))
	if err != nil {
		return report{}, err
	}
	r, err := upsert(org, contacts, max(atATime, 1))
	if err != nil {
		return report{}, fmt.Errorf("upserting: %w", err)
	}
	r.Seconds = time.Since(begun).Seconds()
	r.Client = "go-salesforce " + version()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return report{}, fmt.Errorf("asking for the memory used: %w", err)
	}
	r.PeakMB = float64(used.Maxrss) * 1024 / 1e6 // which is in KiB
	return r, nil
}

// read returns the contacts of a CSV; columns is a JSON object of the org's
// fields by the file's columns.
func read(file, columns string) ([]contact, error) {
	var fields map[string]string
	if err := json.Unmarshal([]byte(columns), &fields); err != nil {
		return nil, fmt.Errorf("reading COLUMNS: %w", err)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading contacts: %w", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading contacts: %w", err)
	}
	if len(rows) == 0 {
		return nil, errors.New("reading contacts: there is no header")
	}
	contacts := make([]contact, 0, len(rows))
	for _, row := range rows[1:] {
		c := make(contact, len(fields))
		for i, column := range rows[0] {
			if field, ok := fields[column]; ok {
				c[field] = row[i]
			}
		}
		contacts = append(contacts, c)
	}
	return contacts, nil
}

// upsert sends the contacts and counts what became of them. One at a time is the
// client's own way through all of them.
func upsert(org *salesforce.Salesforce, contacts []contact, atATime int) (report, error) {
	portion := len(contacts)
	if atATime > 1 {
		portion = batchSize
	}
	var (
		work  sync.WaitGroup
		mu    sync.Mutex
		total report
		fault error
		queue = make(chan []contact)
	)
	for range atATime {
		work.Go(func() {
			for some := range queue {
				answer, err := org.UpsertCollection("Contact", os.Getenv("EXTERNAL_ID"), some, batchSize)
				mu.Lock()
				fault = errors.Join(fault, err)
				for _, r := range answer.Results {
					if r.Success {
						total.Landed++
					} else {
						total.Failed++
					}
				}
				mu.Unlock()
			}
		})
	}
	for some := range slices.Chunk(contacts, max(portion, 1)) {
		queue <- some
	}
	close(queue)
	work.Wait()
	return total, fault
}

// version returns the version of the client that this program is built with.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == library {
				return dep.Version
			}
		}
	}
	return "(unknown version)"
}
