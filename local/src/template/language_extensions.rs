//! The transform `AWS::LanguageExtensions`: loops, and functions whose values are known before the deployment.
//!
//! Like CloudFormation, a loop replaces its identifier in the keys of its fragment, in `Fn::Sub` and in `Ref`, and nowhere else.

use std::{collections::BTreeMap, iter};

use serde_json::{Map, Value};

use super::TemplateError;

const FOR_EACH: &str = "Fn::ForEach::";

/// The items of the loops around a value, by identifier.
type Items = BTreeMap<String, String>;

/// The values that functions of the template refer to.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The defaults of parameters, by name.
    pub(super) parameters: Map<String, Value>,
    /// The section `Mappings`.
    pub(super) mappings: Value,
}

impl Known {
    /// The members that replace the member `key` of a mapping: several if it is a loop, otherwise itself.
    pub(super) fn members(&self, key: &str, value: &Value) -> Result<Vec<(String, Value)>, TemplateError> {
        self.members_within(key, value, &Items::new())
    }

    fn members_within(
        &self,
        key: &str,
        value: &Value,
        items: &Items,
    ) -> Result<Vec<(String, Value)>, TemplateError> {
        if key.starts_with(FOR_EACH) {
            return self.repeat(key, value, items);
        }
        let key = substituted(key, items);
        let value = self.expand(value, items).map_err(|error| error.within(&key))?;
        Ok(vec![(key, value)])
    }

    fn repeat(
        &self,
        key: &str,
        definition: &Value,
        items: &Items,
    ) -> Result<Vec<(String, Value)>, TemplateError> {
        let Some([Value::String(identifier), collection, Value::Object(fragment)]) =
            definition.as_array().map(Vec::as_slice)
        else {
            return Err(TemplateError(format!("{key}: not an identifier, a collection and a fragment")));
        };
        let Value::Array(collection) = self.expand(collection, items)? else {
            return Err(TemplateError(format!("{key}: the collection is not a list")));
        };
        let mut members = Vec::new();
        for item in collection {
            let item =
                item.as_str().ok_or_else(|| TemplateError(format!("{key}: the item {item} is not text")))?;
            let mut items = items.clone();
            items.insert(identifier.clone(), item.to_owned());
            for (key, value) in fragment {
                members.extend(self.members_within(key, value, &items)?);
            }
        }
        Ok(members)
    }

    fn expand(&self, value: &Value, items: &Items) -> Result<Value, TemplateError> {
        match value {
            Value::Array(list) => list.iter().map(|value| self.expand(value, items)).collect(),
            Value::Object(mapping) => {
                if let Some((name, argument)) = function(mapping)
                    && let Some(value) = self.value_of(name, argument, items)?
                {
                    return Ok(value);
                }
                self.expand_mapping(mapping, items).map(Value::Object)
            }
            other => Ok(other.clone()),
        }
    }

    fn expand_mapping(
        &self,
        mapping: &Map<String, Value>,
        items: &Items,
    ) -> Result<Map<String, Value>, TemplateError> {
        let mut expanded = Map::new();
        for (key, value) in mapping {
            // A key below those of a loop's fragment keeps its `${…}`.
            let members = if key.starts_with(FOR_EACH) {
                self.repeat(key, value, items)?
            } else {
                vec![(key.clone(), self.expand(value, items)?)]
            };
            for (key, value) in members {
                if expanded.contains_key(&key) {
                    return Err(TemplateError(format!("{key} is there twice")));
                }
                expanded.insert(key, value);
            }
        }
        Ok(expanded)
    }

    /// The value of a function; `None` if CloudFormation evaluates it during the deployment.
    fn value_of(
        &self,
        function: &str,
        argument: &Value,
        items: &Items,
    ) -> Result<Option<Value>, TemplateError> {
        match (function, argument) {
            ("Ref", Value::String(name)) if items.contains_key(name) => {
                Ok(items.get(name).map(|item| Value::from(item.as_str())))
            }
            ("Ref", argument) => match self.expand(argument, items)? {
                Value::String(name) => Ok(Some(self.reference(name))),
                other => Err(TemplateError(format!("Ref: {other} is not a name"))),
            },
            ("Fn::Sub", Value::String(text)) => Ok(Some(with_variables(substituted(text, items)))),
            ("Fn::Sub", Value::Array(list)) => {
                let [Value::String(text), Value::Object(variables)] = list.as_slice() else {
                    return Err(TemplateError("Fn::Sub: not a text and its variables".to_owned()));
                };
                self.substitute_variables(substituted(text, items), variables, items).map(Some)
            }
            ("Fn::Join", Value::Array(list)) => self.join(list, items),
            ("Fn::FindInMap", Value::Array(path)) => self.find_in_map(path, items),
            ("Fn::Length" | "Fn::ToJsonString" | "Fn::Transform", _) => {
                Err(TemplateError(format!("{function}: not known here")))
            }
            _ => Ok(None),
        }
    }

    /// A parameter's default, `null` for `AWS::NoValue`, otherwise the name.
    fn reference(&self, name: String) -> Value {
        if name == "AWS::NoValue" {
            return Value::Null;
        }
        self.parameters.get(&name).cloned().unwrap_or(Value::String(name))
    }

    fn substitute_variables(
        &self,
        mut text: String,
        variables: &Map<String, Value>,
        items: &Items,
    ) -> Result<Value, TemplateError> {
        let mut left = Map::new();
        for (name, value) in variables {
            match self.expand(value, items)? {
                Value::String(value) => text = text.replace(&format!("${{{name}}}"), &value),
                value => {
                    left.insert(name.clone(), value);
                }
            }
        }
        if left.is_empty() {
            return Ok(with_variables(text));
        }
        let argument = Value::from(vec![Value::from(text), Value::Object(left)]);
        Ok(Value::Object(iter::once(("Fn::Sub".to_owned(), argument)).collect()))
    }

    /// The text. A pseudo parameter becomes a variable, as in `Fn::Sub`.
    fn join(&self, list: &[Value], items: &Items) -> Result<Option<Value>, TemplateError> {
        let [Value::String(delimiter), Value::Array(parts)] = list else { return Ok(None) };
        let mut texts = Vec::new();
        for part in parts {
            let pseudo = part.get("Ref").and_then(Value::as_str).filter(|name| name.starts_with("AWS::"));
            match (pseudo, self.expand(part, items)?) {
                (Some(name), _) => texts.push(format!("${{{name}}}")),
                (None, Value::String(text)) => texts.push(text),
                (None, _) => return Ok(None),
            }
        }
        Ok(Some(with_variables(texts.join(delimiter))))
    }

    fn find_in_map(&self, path: &[Value], items: &Items) -> Result<Option<Value>, TemplateError> {
        let mut found = &self.mappings;
        for key in path {
            let Value::String(key) = self.expand(key, items)? else { return Ok(None) };
            found = found
                .get(&key)
                .ok_or_else(|| TemplateError(format!("Fn::FindInMap: Mappings have no {key} there")))?;
        }
        Ok(Some(found.clone()))
    }
}

/// The function's name and argument, if a mapping is a function call.
pub(super) fn function(mapping: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut members = mapping.iter();
    let (name, argument) = members.next()?;
    let is_call = name == "Ref" || (name.starts_with("Fn::") && !name.starts_with(FOR_EACH));
    (is_call && members.next().is_none()).then_some((name.as_str(), argument))
}

fn substituted(text: &str, items: &Items) -> String {
    items.iter().fold(text.to_owned(), |text, (name, item)| text.replace(&format!("${{{name}}}"), item))
}

/// A text with variables of the stack, which only `Fn::Sub` replaces.
fn with_variables(text: String) -> Value {
    if text.contains("${") {
        return Value::Object(iter::once(("Fn::Sub".to_owned(), Value::from(text))).collect());
    }
    Value::from(text)
}
