package hubspot

// properties are spelled below as the recorded schema shows them: HubSpot's
// own are writable, and their definitions are not.
type properties []*property

func typed(kind valueType, form formType, name, label string) properties {
	return properties{{name: name, label: label, kind: kind, form: form, order: -1}}
}

func text(name, label string) properties   { return typed(typeString, formText, name, label) }
func area(name, label string) properties   { return typed(typeString, formTextArea, name, label) }
func phone(name, label string) properties  { return typed(typeString, formPhone, name, label) }
func number(name, label string) properties { return typed(typeNumber, formNumber, name, label) }
func day(name, label string) properties    { return typed(typeDate, formDate, name, label) }
func moment(name, label string) properties { return typed(typeDateTime, formDate, name, label) }
func pick(name, label string) properties   { return typed(typeEnum, formSelect, name, label) }
func radio(name, label string) properties  { return typed(typeEnum, formRadio, name, label) }
func checks(name, label string) properties { return typed(typeEnum, formCheckbox, name, label) }

// flag is a boolean, toggle an enumeration that looks like one.
func flag(name, label string) properties {
	return typed(typeBool, formBoolean, name, label).with(choices("true", "True", "false", "False"))
}

func toggle(name, label, yes, no string) properties {
	return typed(typeEnum, formBoolean, name, label).with(choices("true", yes, "false", no))
}

// choices are options from pairs of value and label.
func choices(pairs ...string) []option {
	all := make([]option, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, option{value: pairs[i], label: pairs[i+1], order: i / 2})
	}
	return all
}

// each makes properties of one kind from pairs of name and label.
func each(like func(name, label string) properties, pairs ...string) properties {
	var all properties
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, like(pairs[i], pairs[i+1])...)
	}
	return all
}

// in puts properties into a group.
func in(group string, parts ...properties) properties {
	var all properties
	for _, part := range parts {
		all = append(all, part...)
	}
	return all.set(func(p *property) { p.group = group })
}

func (ps properties) set(change func(*property)) properties {
	for _, p := range ps {
		change(p)
	}
	return ps
}

func (ps properties) with(options []option) properties {
	return ps.set(func(p *property) { p.options = options })
}

func (ps properties) readOnly() properties {
	return ps.set(func(p *property) { p.readOnly = true })
}

func (ps properties) computed() properties {
	return ps.set(func(p *property) { p.readOnly, p.calculated = true, true })
}

func (ps properties) external() properties {
	return ps.set(func(p *property) { p.external = true })
}

func (ps properties) unseen() properties {
	return ps.set(func(p *property) { p.hidden = true })
}

func (ps properties) onForms() properties {
	return ps.set(func(p *property) { p.formField = true })
}

// pliable are properties of HubSpot's whose definition may be changed, but
// which may not be archived.
func (ps properties) pliable() properties {
	return ps.set(func(p *property) { p.editable, p.kept = true, true })
}

func (ps properties) of(object string) properties {
	return ps.set(func(p *property) { p.references = object })
}

// by has properties computed from the record.
func (ps properties) by(derive func(*table, *record) string) properties {
	return ps.readOnly().set(func(p *property) { p.derive = derive })
}

// fixed are properties that hold the same for every record.
func (ps properties) fixed(value string) properties {
	return ps.by(func(*table, *record) string { return value }).set(func(p *property) { p.constant = true })
}

// shown are told to whoever creates a record, echoed also to whoever updates
// one.
func (ps properties) shown() properties {
	return ps.set(func(p *property) { p.shown = true })
}

func (ps properties) echoed() properties {
	return ps.set(func(p *property) { p.shown, p.echoed = true, true })
}
