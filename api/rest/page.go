package rest

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"strings"

	"lockstep/internal/crm"
)

// style is all that pages look like. Its hash is what lets browsers use it.
const style = `
body { font: 17px/1.5 system-ui, sans-serif; color: #1c2530; background: #f5f6f8; margin: 0; }
main { max-width: 34rem; margin: 12vh auto; padding: 2rem 2.5rem; background: #fff; border-radius: 12px; border-top: 6px solid #2f855a; }
main.problem { border-color: #c05621; }
h1 { font-size: 1.4rem; line-height: 1.3; margin: 0 0 1rem; }
p { margin: 0 0 1rem; }
p.small { font-size: .8rem; color: #5b6675; margin: 0; overflow-wrap: anywhere; }
`

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>` + style + `</style>
</head>
<body>
<main{{if .Problem}} class="problem"{{end}}>
<h1>{{.Title}}</h1>
{{range .Paragraphs}}<p>{{.}}</p>
{{end}}{{with .Small}}<p class="small">{{.}}</p>
{{end}}</main>
</body>
</html>
`))

// view is a page: what happened, and what to do now.
type view struct {
	Title      string
	Paragraphs []string
	Small      string
	Problem    bool
}

func (v view) render() string {
	var b strings.Builder
	_ = page.Execute(&b, v) // neither the template nor the builder can fail
	return b.String()
}

// connectedPage tells a person that they have connected a CRM, and to which
// account, so that the wrong one is noticed.
func connectedPage(label string, account crm.Account, goesOn bool) string {
	v := view{
		Title: label + " is connected: " + account.Name + environmentWord(account),
		Paragraphs: []string{
			"Lockstep is now looking at the fields of your CRM. In a moment you can choose whether to import the records you have.",
			"You can close this window and go back to where you came from.",
		},
	}
	if !goesOn {
		v.Paragraphs[0] = "Your sign-in is kept, but Lockstep cannot go on by itself at the moment. " +
			"If the connection still says that it is being set up in a few minutes, reconnect it."
	}
	return v.render()
}

// environmentWord says what kind of account it is, behind its name.
func environmentWord(a crm.Account) string {
	if a.Environment == "" {
		return ""
	}
	return " (" + string(a.Environment) + ")"
}

// problemPage tells a person what went wrong and what to do.
func problemPage(p Problem) string {
	return view{
		Title: p.Title, Paragraphs: []string{p.Detail, p.Fix}, Problem: true,
		Small: "Problem " + p.Code + ", request " + strings.TrimPrefix(p.Instance, "urn:uuid:"),
	}.render()
}

// pagePolicy is what a page may load: its own style and nothing else.
func pagePolicy() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
