//! Mutation of the store's expressions: the proxy changes one statement on its way to DynamoDB. `campaign expressions` sets the
//! variables, and expects a test to fail.

use std::{
    env,
    fs::{File, OpenOptions},
    io::Write,
    sync::{LazyLock, Mutex},
    thread,
};

use serde_json::{Map, Value, json};

/// The file that gets a line for each statement that a test sends: `{"test": …, "statement": …}`.
pub const RECORD: &str = "EXPRESSIONS_FILE";

/// A statement and its replacement: `{"from": …, "to": …}`.
pub const MUTANT: &str = "EXPRESSIONS_MUTANT";

/// The members of a request that hold an expression.
const EXPRESSIONS: [&str; 3] = ["ConditionExpression", "UpdateExpression", "KeyConditionExpression"];

static FILE: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| {
    let path = env::var_os(RECORD)?;
    Some(Mutex::new(
        OpenOptions::new().append(true).create(true).open(path).expect("the file can be written"),
    ))
});

static MUTANTS: LazyLock<Option<(Value, Value)>> = LazyLock::new(|| {
    let mutant: Value = serde_json::from_str(&env::var(MUTANT).ok()?).expect("the mutant is JSON");
    Some((mutant["from"].clone(), mutant["to"].clone()))
});

/// Whether statements are recorded or changed.
pub(crate) fn is_active() -> bool {
    FILE.is_some() || MUTANTS.is_some()
}

/// Records the statements of a request, and changes the one of the mutant.
pub(crate) fn pass(operation: &str, request: &mut Value) {
    let steps = request.get_mut("TransactItems").and_then(Value::as_array_mut);
    let steps = steps.into_iter().flatten().filter_map(Value::as_object_mut);
    for (operation, step) in steps.flat_map(|step| step.iter_mut()) {
        pass_statement(operation, step);
    }
    pass_statement(operation, request);
}

fn pass_statement(operation: &str, request: &mut Value) {
    let Some(statement) = statement(operation, request) else { return };
    if let Some(file) = &*FILE {
        // A test runs on one thread, which has its name.
        let test = thread::current().name().unwrap_or_default().to_owned();
        let line = json!({"test": test, "statement": statement});
        writeln!(file.lock().expect("no holder panics"), "{line}").expect("the file can be written");
    }
    if let Some((from, to)) = &*MUTANTS
        && *from == statement
        && let Some(request) = request.as_object_mut()
    {
        replace(request, to);
    }
}

/// The expressions of a request with its operation and the kind of its item; `None` if it has no expression.
fn statement(operation: &str, request: &Value) -> Option<Value> {
    let mut statement = Map::new();
    for name in EXPRESSIONS {
        if let Some(expression) = request.get(name) {
            statement.insert(name.to_owned(), expression.clone());
        }
    }
    if statement.is_empty() {
        return None;
    }
    let sort_key = request.pointer("/Item/sk/S").or_else(|| request.pointer("/Key/sk/S"));
    let kind = sort_key.and_then(Value::as_str).and_then(|key| key.split('#').next()).unwrap_or_default();
    statement.insert("operation".to_owned(), operation.trim_end_matches("Item").into());
    statement.insert("item".to_owned(), kind.into());
    Some(Value::Object(statement))
}

/// Sets the expressions, and removes the values that none of them uses: DynamoDB refuses those.
fn replace(request: &mut Map<String, Value>, to: &Value) {
    for name in EXPRESSIONS {
        request.remove(name);
        if let Some(expression) = to.get(name) {
            request.insert(name.to_owned(), expression.clone());
        }
    }
    let all = EXPRESSIONS.map(|name| request.get(name).and_then(Value::as_str).unwrap_or_default()).join(" ");
    let used: Vec<_> = all.split(|c: char| !c.is_alphanumeric() && c != ':').collect();
    let values = request.get_mut("ExpressionAttributeValues").and_then(Value::as_object_mut);
    let is_empty = values.is_some_and(|values| {
        values.retain(|name, _| used.contains(&name.as_str()));
        values.is_empty()
    });
    if is_empty {
        request.remove("ExpressionAttributeValues");
    }
}
