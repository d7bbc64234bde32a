package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// pageBytes is how much of a page is read.
const pageBytes = 1 << 20

// person signs in to a CRM as somebody at a browser would: opens the link, keeps
// cookies, follows redirects, and presses the consent page's first button.
type person struct {
	browser *http.Client
}

func newPerson() (*person, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("opening a browser: %w", err)
	}
	return &person{browser: &http.Client{Jar: jar, Timeout: time.Minute}}, nil
}

// allow opens link and lets the application in. It returns when the browser has
// been sent back to the application and that was content.
func (p *person) allow(ctx context.Context, link string) error {
	page, at, err := p.open(ctx, http.MethodGet, link, nil)
	if err != nil {
		return fmt.Errorf("opening the link to sign in: %w", err)
	}
	form, err := consentForm(page)
	if err != nil {
		return fmt.Errorf("reading the consent page: %w", err)
	}
	action, err := at.Parse(form.action)
	if err != nil {
		return fmt.Errorf("reading the consent page: %w", err)
	}
	if _, _, err := p.open(ctx, form.method, action.String(), form.values); err != nil {
		return fmt.Errorf("giving consent: %w", err)
	}
	return nil
}

// open returns the page that an address leads to, and where it is.
func (p *person) open(ctx context.Context, method, address string, values url.Values) (*html.Node, *url.URL, error) {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(values.Encode())
	} else if len(values) > 0 {
		address += "?" + values.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", "text/html")
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := p.browser.Do(req)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return nil, nil, failed.Err // without the address, which may hold a code
	} else if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	page, err := html.Parse(io.LimitReader(resp.Body, pageBytes))
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%s answered %s: %s", resp.Request.URL.Host, resp.Status, words(page))
	}
	return page, resp.Request.URL, nil
}

// form is what a browser would submit.
type form struct {
	action, method string
	values         url.Values
}

// consentForm returns the first form of a page as it stands, submitted by its
// first button.
func consentForm(page *html.Node) (form, error) {
	var f form
	pressed := false
	for node := range page.Descendants() {
		if f.values == nil && node.Data != "form" || node.Type != html.ElementNode {
			continue
		}
		name, value := attribute(node, "name"), attribute(node, "value")
		switch kind := attribute(node, "type"); node.Data {
		case "form":
			if f.values != nil {
				return f, nil
			}
			f = form{action: attribute(node, "action"), method: strings.ToUpper(attribute(node, "method")), values: url.Values{}}
			if f.method == "" {
				f.method = http.MethodGet
			}
		case "input":
			if kind == "hidden" || kind == "text" || kind == "" {
				f.values.Add(name, value)
			}
		case "select":
			f.values.Add(name, chosen(node))
		case "button":
			if !pressed && (kind == "submit" || kind == "") {
				pressed = true
				f.values.Add(name, value)
			}
		}
	}
	if !pressed {
		return form{}, fmt.Errorf("it has no form with a button: %s", words(page))
	}
	return f, nil
}

// chosen returns the value of a list as it stands: the option that is selected,
// else the first.
func chosen(list *html.Node) string {
	value, found := "", false
	for node := range list.Descendants() {
		if node.Type != html.ElementNode || node.Data != "option" {
			continue
		}
		if _, selected := attributes(node)["selected"]; selected {
			return attribute(node, "value")
		}
		if !found {
			value, found = attribute(node, "value"), true
		}
	}
	return value
}

func attributes(node *html.Node) map[string]string {
	all := make(map[string]string, len(node.Attr))
	for _, a := range node.Attr {
		all[a.Key] = a.Val
	}
	return all
}

func attribute(node *html.Node, name string) string { return attributes(node)[name] }

// words returns what a page says.
func words(page *html.Node) string {
	const most = 500
	var b strings.Builder
	for node := range page.Descendants() {
		hidden := node.Parent != nil && (node.Parent.Data == "style" || node.Parent.Data == "script" || node.Parent.Data == "title")
		if node.Type == html.TextNode && !hidden {
			b.WriteString(node.Data + " ")
		}
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	if len(text) > most {
		text = text[:most] + " …"
	}
	return text
}
