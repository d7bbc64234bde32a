package salesforce

import (
	"encoding/json"
	"net/http"

	"lockstep/internal/crmsim"
)

// resources lists what the data API has.
func resources(c *call) crmsim.Answer {
	base := "/services/data/" + c.version()
	return encoded(http.StatusOK, map[string]string{
		"composite": base + "/composite",
		"limits":    base + "/limits",
		"query":     base + "/query",
		"queryAll":  base + "/queryAll",
		"sobjects":  base + "/sobjects",
		"tooling":   base + "/tooling",
		"identity":  "http://" + c.Request.Host + "/id/" + c.org.id + "/" + c.org.user,
	})
}

// limits tells what is left (crm/salesforce.md §7).
func limits(c *call) crmsim.Answer {
	type limit struct{ Max, Remaining int }
	daily := limit{Max: c.Usage.Daily, Remaining: max(c.Usage.Daily-c.Usage.DailyUsed, 0)}
	return encoded(http.StatusOK, map[string]limit{"DailyApiRequests": daily})
}

// recordCount counts live records (cumulusci-cassettes/TestUpdates…). An
// object without records is left out.
func recordCount(c *call) crmsim.Answer {
	type count struct {
		Count int    `json:"count"`
		Name  string `json:"name"`
	}
	counts := []count{}
	c.org.mu.RLock()
	defer c.org.mu.RUnlock()
	for _, name := range splitList(c.request.URL.Query().Get("sObjects")) {
		t := c.org.table(name)
		if t == nil {
			continue
		}
		live := 0
		for _, r := range t.records {
			if !r.deleted {
				live++
			}
		}
		if live > 0 {
			counts = append(counts, count{Count: live, Name: t.schema.Load().name})
		}
	}
	return encoded(http.StatusOK, map[string]any{"sObjects": counts})
}

func describeGlobal(c *call) crmsim.Answer {
	all := make([]json.RawMessage, 0, len(c.org.ordered))
	for _, t := range c.org.ordered {
		if o := t.schema.Load(); o.name != "CustomField" {
			all = append(all, summary(o, c.version()))
		}
	}
	return encoded(http.StatusOK, map[string]any{"encoding": "UTF-8", "maxBatchSize": maxCollection, "sobjects": all})
}

func describe(c *call) crmsim.Answer {
	t, bad := c.table()
	if bad != nil {
		return bad.answer()
	}
	o := t.schema.Load()
	fields := make([]describedField, 0, len(o.fields))
	for _, f := range o.fields {
		if f.visible() {
			fields = append(fields, describeField(f))
		}
	}
	d := described{
		describedSummary: summarize(o, c.version()),
		ActionOverrides:  []string{}, ChildRelationships: []string{}, NamedLayoutInfos: []string{},
		CompactLayoutable: !o.setup, SearchLayoutable: !o.setup, SObjectDescribeOption: "FULL",
		Fields:          fields,
		SupportedScopes: []scope{{Label: "All " + lowerFirst(o.plural), Name: "everything"}},
		RecordTypeInfos: []recordType{{
			Active: true, Available: true, DefaultRecordTypeMapping: true, DeveloperName: "Master", Master: true, Name: "Master",
			RecordTypeID: "012000000000000AAA",
			URLs:         map[string]string{"layout": objectURL(c.version(), o) + "/describe/layouts/012000000000000AAA"},
		}},
	}
	instance := "http://" + c.Request.Host
	d.URLs["uiDetailTemplate"] = instance + "/{ID}"
	d.URLs["uiEditTemplate"] = instance + "/{ID}/e"
	d.URLs["uiNewRecord"] = instance + "/" + o.prefix + "/e"
	return encoded(http.StatusOK, d)
}

// describedSummary is an object as the global describe shows it, with every
// key that describe/Global.json has.
type describedSummary struct {
	Activateable          bool              `json:"activateable"`
	AssociateEntityType   *string           `json:"associateEntityType"`
	AssociateParentEntity *string           `json:"associateParentEntity"`
	Createable            bool              `json:"createable"`
	Custom                bool              `json:"custom"`
	CustomSetting         bool              `json:"customSetting"`
	DeepCloneable         bool              `json:"deepCloneable"`
	Deletable             bool              `json:"deletable"`
	DeprecatedAndHidden   bool              `json:"deprecatedAndHidden"`
	FeedEnabled           bool              `json:"feedEnabled"`
	HasSubtypes           bool              `json:"hasSubtypes"`
	IsInterface           bool              `json:"isInterface"`
	IsSubtype             bool              `json:"isSubtype"`
	KeyPrefix             string            `json:"keyPrefix"`
	Label                 string            `json:"label"`
	LabelPlural           string            `json:"labelPlural"`
	Layoutable            bool              `json:"layoutable"`
	Mergeable             bool              `json:"mergeable"`
	MruEnabled            bool              `json:"mruEnabled"`
	Name                  string            `json:"name"`
	Queryable             bool              `json:"queryable"`
	Replicateable         bool              `json:"replicateable"`
	Retrieveable          bool              `json:"retrieveable"`
	Searchable            bool              `json:"searchable"`
	Triggerable           bool              `json:"triggerable"`
	Undeletable           bool              `json:"undeletable"`
	Updateable            bool              `json:"updateable"`
	URLs                  map[string]string `json:"urls"`
}

// described is an object as its own describe shows it, with every key that
// describe/Contact.json has.
type described struct {
	describedSummary
	ActionOverrides       []string         `json:"actionOverrides"`
	ChildRelationships    []string         `json:"childRelationships"`
	CompactLayoutable     bool             `json:"compactLayoutable"`
	DefaultImplementation *string          `json:"defaultImplementation"`
	ExtendedBy            *string          `json:"extendedBy"`
	ExtendsInterfaces     *string          `json:"extendsInterfaces"`
	Fields                []describedField `json:"fields"`
	ImplementedBy         *string          `json:"implementedBy"`
	ImplementsInterfaces  *string          `json:"implementsInterfaces"`
	Listviewable          *bool            `json:"listviewable"`
	LookupLayoutable      *bool            `json:"lookupLayoutable"`
	NamedLayoutInfos      []string         `json:"namedLayoutInfos"`
	NetworkScopeFieldName *string          `json:"networkScopeFieldName"`
	RecordTypeInfos       []recordType     `json:"recordTypeInfos"`
	SearchLayoutable      bool             `json:"searchLayoutable"`
	SObjectDescribeOption string           `json:"sobjectDescribeOption"`
	SupportedScopes       []scope          `json:"supportedScopes"`
}

type scope struct {
	Label string `json:"label"`
	Name  string `json:"name"`
}

type recordType struct {
	Active                   bool              `json:"active"`
	Available                bool              `json:"available"`
	DefaultRecordTypeMapping bool              `json:"defaultRecordTypeMapping"`
	DeveloperName            string            `json:"developerName"`
	Master                   bool              `json:"master"`
	Name                     string            `json:"name"`
	RecordTypeID             string            `json:"recordTypeId"`
	URLs                     map[string]string `json:"urls"`
}

func summarize(o *object, version string) describedSummary {
	base := objectURL(version, o)
	return describedSummary{
		Createable: !o.fixed, Deletable: !o.fixed, FeedEnabled: !o.setup,
		KeyPrefix: o.prefix, Label: o.label, LabelPlural: o.plural, Layoutable: !o.setup, Mergeable: !o.setup, MruEnabled: !o.setup,
		Name: o.name, Queryable: true, Replicateable: true, Retrieveable: true, Searchable: !o.setup, Triggerable: !o.setup,
		Undeletable: !o.setup, Updateable: !o.fixed,
		URLs: map[string]string{
			"approvalLayouts": base + "/describe/approvalLayouts",
			"compactLayouts":  base + "/describe/compactLayouts",
			"describe":        base + "/describe",
			"layouts":         base + "/describe/layouts",
			"listviews":       base + "/listviews",
			"quickActions":    base + "/quickActions",
			"rowTemplate":     base + "/{ID}",
			"sobject":         base,
		},
	}
}

func summary(o *object, version string) json.RawMessage {
	raw, err := json.Marshal(summarize(o, version))
	if err != nil {
		return json.RawMessage("null")
	}
	return raw
}

func objectURL(version string, o *object) string {
	return "/services/data/" + version + "/sobjects/" + o.name
}
