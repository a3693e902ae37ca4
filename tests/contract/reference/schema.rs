//! Walking through a schema.

use serde_json::Value;

/// Shows `see` a schema and each one within it, with the dotted name of the field it is of, which begins with `name`. The variants of
/// a field and the elements of a list have the name of what they are of.
pub(super) fn walk(name: &str, schema: &Value, see: &mut impl FnMut(&str, &Value)) {
    see(name, schema);
    for (field, inner) in schema["properties"].as_object().into_iter().flatten() {
        let field = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
        walk(&field, inner, see);
    }
    for variant in schema["oneOf"].as_array().into_iter().flatten() {
        walk(name, variant, see);
    }
    if !schema["items"].is_null() {
        walk(name, &schema["items"], see);
    }
}

/// The dotted names of all fields of a schema, each once.
pub(super) fn fields(schema: &Value) -> Vec<String> {
    let mut fields = Vec::new();
    walk("", schema, &mut |name, _| {
        if !name.is_empty() {
            fields.push(name.to_owned());
        }
    });
    fields.sort();
    fields.dedup();
    fields
}
