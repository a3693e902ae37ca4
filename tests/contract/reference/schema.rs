//! Iterates over the fields of a JSON schema.

use serde_json::Value;

/// Calls `see` for a schema and each nested one with its dotted field name, which begins with `name`. Variants and list elements
/// have the name of their field.
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

/// The distinct dotted names of all fields of a schema.
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
