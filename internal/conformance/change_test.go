package conformance

import (
	"encoding/json"
	"path"
	"strconv"
)

// exchange is a recorded answer that is about to be served, and our call.
type exchange struct {
	recorded recording
	method   string
	path     string
	sent     []byte
}

// fixed is a change that looks at the recorded body alone. One that cannot read
// the body leaves it as it is, and the row fails.
func fixed[T any](change func(T) any) func(exchange) []byte {
	return func(x exchange) []byte {
		var body T
		if json.Unmarshal(x.recorded.body, &body) != nil {
			return x.recorded.body
		}
		return encoded(change(body))
	}
}

func encoded(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		return []byte("unencodable: " + err.Error())
	}
	return raw
}

type object = map[string]any

// asUpsert makes the answer to a batch of HubSpot's creations that to a batch of
// upserts: each result says that it is new and has the property that was matched
// by, and errors name the trace ids of our inputs instead of the recorded ones.
func asUpsert() func(exchange) []byte {
	return func(x exchange) []byte {
		var body struct {
			object
			Results []object `json:"results"`
			Errors  []object `json:"errors"`
		}
		var sent struct {
			Inputs []struct {
				ID, IDProperty, ObjectWriteTraceID string
				Properties                         map[string]any
			}
		}
		if json.Unmarshal(x.recorded.body, &body) != nil || json.Unmarshal(x.recorded.body, &body.object) != nil || json.Unmarshal(x.sent, &sent) != nil {
			return x.recorded.body
		}
		for _, result := range body.Results {
			result["new"] = true
			properties, _ := result["properties"].(object)
			for _, in := range sent.Inputs {
				if alike(in.Properties, properties) {
					properties[in.IDProperty] = in.ID
				}
			}
		}
		for _, refusal := range body.Errors {
			context, _ := refusal["context"].(object)
			traces, _ := context["objectWriteTraceId"].([]any)
			for i, trace := range traces {
				name, _ := trace.(string)
				if n, err := strconv.Atoi(name); err == nil && n < len(sent.Inputs) {
					traces[i] = sent.Inputs[n].ObjectWriteTraceID
				}
			}
		}
		body.object["results"] = body.Results
		if body.Errors != nil {
			body.object["errors"] = body.Errors
		}
		return encoded(body.object)
	}
}

// alike tells whether a recorded result has every property that both it and an
// input of ours name with the same value, and at least one.
func alike(input, result map[string]any) bool {
	shared := 0
	for name, value := range input {
		recorded, ok := result[name]
		if !ok {
			continue
		}
		if recorded != value {
			return false
		}
		shared++
	}
	return shared > 0
}

// propertiesOf makes the schema of an object the list of its properties.
func propertiesOf() func(exchange) []byte {
	return fixed(func(body struct{ Properties []json.RawMessage }) any {
		return object{"results": body.Properties}
	})
}

// part takes the nth part of Salesforce's composite answer.
func part(n int) func(exchange) []byte {
	return fixed(func(body struct {
		CompositeResponse []struct{ Body json.RawMessage }
	},
	) any {
		if n >= len(body.CompositeResponse) {
			return nil
		}
		return body.CompositeResponse[n].Body
	})
}

// asResult makes the answer to one record the only result of a collection.
func asResult() func(exchange) []byte {
	return func(x exchange) []byte {
		var failures []struct {
			ErrorCode, Message string
			Fields             []string
		}
		if json.Unmarshal(x.recorded.body, &failures) == nil && len(failures) > 0 {
			return []byte(failedResult(failures[0].ErrorCode, failures[0].Message, failures[0].Fields...))
		}
		return append(append([]byte("["), x.recorded.body...), ']')
	}
}

// failedResult is the answer to a collection of one record that failed.
func failedResult(code, message string, fields ...string) string {
	if fields == nil {
		fields = []string{}
	}
	return string(encoded([]object{{"success": false, "errors": []object{{"statusCode": code, "message": message, "fields": fields}}}}))
}

// asQuery makes a record the only one that a query found.
func asQuery() func(exchange) []byte {
	return fixed(func(body object) any {
		return object{"totalSize": 1, "done": true, "records": []object{body}}
	})
}

// withIDs gives the records of a query's answer the ids that their own urls
// name.
func withIDs() func(exchange) []byte {
	return fixed(func(body object) any {
		records, _ := body["records"].([]any)
		for _, r := range records {
			record, _ := r.(object)
			attributes, _ := record["attributes"].(object)
			if at, ok := attributes["url"].(string); ok && record["Id"] == nil {
				record["Id"] = path.Base(at)
			}
		}
		return body
	})
}
