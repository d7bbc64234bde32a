package connect

import (
	"sync"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// cache has the connectors that are open. Its zero value is empty.
type cache struct {
	mu   sync.Mutex
	open map[key]*entry
	uses uint64 // how often it was asked; tells what was used longest ago
}

type entry struct {
	connector crm.Connector
	used      uint64
}

// key is what a connector is made of. When any of it changes, so must it.
type key struct {
	workspace, connection      uuid.UUID
	epoch                      int64
	vendor                     crm.Vendor
	baseURL, accountID, userID string
}

func keyOf(c lockstep.Connection) key {
	return key{c.WorkspaceID, c.ID, c.Epoch, c.Vendor, c.BaseURL, c.Account.ID, c.Account.UserID}
}

// cacheSize bounds the connectors that are remembered. What falls out costs a
// read of its grant when it is opened again.
const cacheSize = 1000

// get returns the connector of k, or what open returns and remembers it. Two
// callers never open the same one: its tokens would be refreshed twice. open
// must not wait for anything.
func (c *cache) get(k key, open func() (crm.Connector, error)) (crm.Connector, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.uses++
	if e, ok := c.open[k]; ok {
		e.used = c.uses
		return e.connector, nil
	}
	connector, err := open()
	if err != nil {
		return nil, err
	}
	c.forget(k)
	if c.open == nil {
		c.open = make(map[key]*entry)
	}
	c.open[k] = &entry{connector: connector, used: c.uses}
	return connector, nil
}

// forget makes room for k: earlier states of its connection go, and, of a full
// cache, what was used longest ago.
func (c *cache) forget(k key) {
	var oldest key
	var used uint64
	for other, e := range c.open {
		if other.connection == k.connection {
			delete(c.open, other)
			continue
		}
		if used == 0 || e.used < used {
			oldest, used = other, e.used
		}
	}
	if len(c.open) >= cacheSize {
		delete(c.open, oldest)
	}
}
