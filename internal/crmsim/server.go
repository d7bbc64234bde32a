package crmsim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is the administration and any number of vendors, each on an address
// of its own.
type Server struct {
	// Addresses are the base URLs, by vendor name; the administration's is
	// under "admin".
	Addresses map[string]string

	listening []listening
}

type listening struct {
	net.Listener
	*http.Server
}

// Place is a vendor and the address it is to listen on.
type Place struct {
	Vendor
	Address string
}

// Listen opens every address; port 0 is any free one. Nothing is served
// before Serve.
func Listen(ctx context.Context, admin string, places ...Place) (*Server, error) {
	s := &Server{Addresses: make(map[string]string)}
	vendors := make([]Vendor, 0, len(places))
	for _, p := range places {
		vendors = append(vendors, p.Vendor)
		if err := s.open(ctx, p.Name, p.Address, p.Wire); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	if err := s.open(ctx, "admin", admin, Admin(vendors...)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context, name, address string, handler http.Handler) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listening for %s: %w", name, err)
	}
	s.Addresses[name] = "http://" + l.Addr().String()
	s.listening = append(s.listening, listening{
		Listener: l,
		Server:   &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10},
	})
	return nil
}

// Serve serves until ctx ends or a listener breaks. Calls under way are cut
// off: a client must cope with that anyway.
func (s *Server) Serve(ctx context.Context) error {
	errs := make([]error, len(s.listening))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var group sync.WaitGroup
	for i, l := range s.listening {
		group.Go(func() {
			defer stop()
			if err := l.Serve(l.Listener); !errors.Is(err, http.ErrServerClosed) {
				errs[i] = err
			}
		})
	}
	<-ctx.Done()
	closed := s.Close()
	group.Wait()
	return errors.Join(append(errs, closed)...)
}

// Close stops listening.
func (s *Server) Close() error {
	var errs []error
	for _, l := range s.listening {
		errs = append(errs, l.Server.Close())
		if err := l.Listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
