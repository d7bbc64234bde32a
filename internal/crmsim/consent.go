package crmsim

import (
	"html/template"
	"net/http"
)

// Consent is the page on which a person lets an application in. Its form posts
// back to Action with the hidden fields, the chosen account, and approve=1 or
// deny=1.
type Consent struct {
	Vendor   string
	App      string
	Action   string
	Scopes   []string
	Hidden   []Hidden
	Accounts []Choice
	// Account is the name of the form's field for the account.
	Account string
}

// Hidden is one value that the form carries along.
type Hidden struct{ Name, Value string }

// Choice is one account that a person may pick.
type Choice struct {
	ID, Label string
	Chosen    bool
}

const consentPage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Vendor}} sandbox: allow access?</title></head>
<body>
<h1>Allow access?</h1>
<p>{{.App}} is asking for:</p>
<ul>{{range .Scopes}}<li>{{.}}</li>{{end}}</ul>
<form method="post" action="{{.Action}}">
{{range .Hidden}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">
{{end}}<label>Account <select name="{{.Account}}">
{{range .Accounts}}<option value="{{.ID}}"{{if .Chosen}} selected{{end}}>{{.Label}}</option>
{{end}}</select></label>
<button type="submit" name="approve" value="1">Allow</button>
<button type="submit" name="deny" value="1">Deny</button>
</form>
</body></html>
`

// Write answers with the page.
func (c Consent) Write(w http.ResponseWriter) error {
	page, err := template.New("consent").Parse(consentPage)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	return page.Execute(w, c)
}
