package hubspot

import (
	"net/http"
	"strconv"

	"lockstep/internal/crmsim"
)

const (
	// appID is the id of the connected app, as it was when
	// batch/create/contacts/success.json was recorded.
	appID = 19083857
	// firstPortal is the id of the production account, likewise.
	firstPortal = 44237313
)

// user is the person who connects.
type user struct {
	id    int64
	email string
}

// accountInfo answers as post-auth/account-info.json was recorded.
func accountInfo(c *call) crmsim.Answer {
	type details struct {
		PortalID              int64    `json:"portalId"`
		AccountType           string   `json:"accountType"`
		TimeZone              string   `json:"timeZone"`
		CompanyCurrency       string   `json:"companyCurrency"`
		AdditionalCurrencies  []string `json:"additionalCurrencies"`
		UTCOffset             string   `json:"utcOffset"`
		UTCOffsetMilliseconds int      `json:"utcOffsetMilliseconds"`
		UIDomain              string   `json:"uiDomain"`
		DataHostingLocation   string   `json:"dataHostingLocation"`
	}
	return encoded(http.StatusOK, details{
		PortalID: c.portal.id, AccountType: c.portal.kind, TimeZone: "US/Eastern", CompanyCurrency: "USD",
		AdditionalCurrencies: []string{}, UTCOffset: "-04:00", UTCOffsetMilliseconds: -14_400_000,
		UIDomain: uiDomain, DataHostingLocation: "na1",
	})
}

const uiDomain = "app.hubspot.com"

// appendURL appends where people see a record.
func (t *table) appendURL(out []byte, r *record) []byte {
	out = append(out, "https://"+uiDomain+"/contacts/"...)
	out = strconv.AppendInt(out, t.portal.id, 10)
	out = append(out, "/record/"...)
	out = append(out, t.schema.Load().typeID...)
	out = append(out, '/')
	return strconv.AppendInt(out, r.id, 10)
}
