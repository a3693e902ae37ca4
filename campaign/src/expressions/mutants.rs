//! The mutants of a statement.

use serde_json::{Map, Value};

/// A changed statement.
pub struct Mutant {
    /// The statement before the change.
    pub original: Value,
    /// The statement after the change.
    pub statement: Value,
    /// The expression after the change, for people.
    pub change: String,
}

/// A condition that is never true.
const NEVER: &str = "(attribute_exists(pk) AND attribute_not_exists(pk))";

/// The mutants of a recorded statement: each clause dropped, negated by a condition that never holds, with another comparison or
/// with the other connective; each assignment dropped.
pub fn mutants(statement: &str) -> Vec<Mutant> {
    let Ok(Value::Object(members)) = serde_json::from_str(statement) else { return Vec::new() };
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut mutants = Vec::new();
    for changed in conditions(text("ConditionExpression")) {
        mutants.push(with(&members, "ConditionExpression", changed));
    }
    for changed in updates(text("UpdateExpression")) {
        mutants.push(with(&members, "UpdateExpression", changed));
    }
    // A query needs its partition.
    if let Some((partition, _)) = text("KeyConditionExpression").split_once(" AND ") {
        mutants.push(with(&members, "KeyConditionExpression", partition.to_owned()));
    }
    mutants
}

/// The statement with another expression; without one if it is empty.
fn with(members: &Map<String, Value>, name: &str, expression: String) -> Mutant {
    let mut statement = members.clone();
    statement.remove(name);
    let change = format!("{name} becomes {expression:?}");
    if !expression.is_empty() {
        statement.insert(name.to_owned(), expression.into());
    }
    Mutant { original: Value::Object(members.clone()), statement: Value::Object(statement), change }
}

/// A condition as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Clause(String),
    /// `AND` or `OR`, and the conditions that it connects.
    Connected(&'static str, Vec<Condition>),
}

impl Condition {
    /// Reads a condition. `OR` binds less than `AND`.
    fn parse(text: &str) -> Self {
        let text = text.trim();
        for connective in ["OR", "AND"] {
            let parts = split(text, connective);
            if parts.len() > 1 {
                return Self::Connected(connective, parts.into_iter().map(Self::parse).collect());
            }
        }
        match text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
            Some(inner) => Self::parse(inner),
            None => Self::Clause(text.to_owned()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Clause(text) => text.clone(),
            Self::Connected(connective, parts) => {
                let parts: Vec<_> = parts.iter().map(Self::text).filter(|text| !text.is_empty()).collect();
                let joined = parts.join(&format!(" {connective} "));
                if parts.len() > 1 { format!("({joined})") } else { joined }
            }
        }
    }

    /// Each condition that differs in one place.
    fn changed(&self) -> Vec<Self> {
        match self {
            Self::Clause(text) => {
                let mut changed = vec![Self::Clause(String::new()), Self::Clause(NEVER.to_owned())];
                for (comparison, others) in
                    [(" < ", " <= "), (" <= ", " < "), (" > ", " >= "), (" >= ", " > "), (" = ", " <> ")]
                {
                    if text.contains(comparison) {
                        changed.push(Self::Clause(text.replace(comparison, others)));
                    }
                }
                changed
            }
            Self::Connected(connective, parts) => {
                let other = if *connective == "AND" { "OR" } else { "AND" };
                let mut changed = vec![Self::Connected(other, parts.clone())];
                for (place, part) in parts.iter().enumerate() {
                    for part in part.changed() {
                        let mut parts = parts.clone();
                        if let Some(old) = parts.get_mut(place) {
                            *old = part;
                        }
                        changed.push(Self::Connected(connective, parts));
                    }
                }
                changed
            }
        }
    }
}

/// The parts between `word`, outside of parentheses.
fn split<'t>(text: &'t str, word: &str) -> Vec<&'t str> {
    let word = format!(" {word} ");
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (place, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 && place >= start && text.get(place..).is_some_and(|rest| rest.starts_with(&word)) {
            parts.extend(text.get(start..place));
            start = place + word.len();
        }
    }
    parts.extend(text.get(start..));
    parts
}

/// The mutants of a condition. The empty text is no condition.
fn conditions(text: &str) -> Vec<String> {
    if text.is_empty() {
        Vec::new()
    } else {
        Condition::parse(text).changed().iter().map(Condition::text).collect()
    }
}

/// The mutants of an update: each action dropped, and each default dropped.
fn updates(text: &str) -> Vec<String> {
    let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut rest = text;
    while let Some((keyword, actions)) = rest.split_once(' ') {
        let ends = ["SET ", "ADD ", "REMOVE "].iter().filter_map(|next| actions.find(&format!(" {next}")));
        let end = ends.min().unwrap_or(actions.len());
        sections.push((keyword, commas(actions.get(..end).unwrap_or_default())));
        rest = actions.get(end + 1..).unwrap_or_default();
    }
    let join = |sections: &[(&str, Vec<&str>)]| {
        let texts = sections.iter().filter(|(_, actions)| !actions.is_empty());
        texts
            .map(|(keyword, actions)| format!("{keyword} {}", actions.join(", ")))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut mutants = Vec::new();
    for (place, (_, actions)) in sections.iter().enumerate() {
        for number in 0..actions.len() {
            let mut fewer = sections.clone();
            if let Some((_, actions)) = fewer.get_mut(place) {
                actions.remove(number);
            }
            mutants.push(join(&fewer));
        }
    }
    for (before, default) in text.match_indices("if_not_exists(").map(|(place, _)| text.split_at(place)) {
        if let Some((call, after)) = default.split_once(')')
            && let Some((_, value)) = call.split_once(", ")
        {
            mutants.push(format!("{before}{value}{after}"));
        }
    }
    mutants
}

/// The parts between commas, outside of parentheses.
fn commas(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let is_end = |character: char| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0 && character == ','
    };
    text.split(is_end).map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_clause_of_a_condition_is_dropped_never_true_and_compared_in_another_way() {
        assert_eq!(
            conditions("attribute_not_exists(pk) OR (a = :a AND b < :b)"),
            [
                "(attribute_not_exists(pk) AND (a = :a AND b < :b))",
                "(a = :a AND b < :b)",
                &format!("({NEVER} OR (a = :a AND b < :b))"),
                "(attribute_not_exists(pk) OR (a = :a OR b < :b))",
                "(attribute_not_exists(pk) OR b < :b)",
                &format!("(attribute_not_exists(pk) OR ({NEVER} AND b < :b))"),
                "(attribute_not_exists(pk) OR (a <> :a AND b < :b))",
                "(attribute_not_exists(pk) OR a = :a)",
                &format!("(attribute_not_exists(pk) OR (a = :a AND {NEVER}))"),
                "(attribute_not_exists(pk) OR (a = :a AND b <= :b))",
            ]
        );
        assert_eq!(conditions("a = :a"), ["", NEVER, "a <> :a"]);
    }

    #[test]
    fn each_action_of_an_update_is_dropped() {
        assert_eq!(
            updates("SET a = :a, b = if_not_exists(b, :b) REMOVE c ADD d :one"),
            [
                "SET b = if_not_exists(b, :b) REMOVE c ADD d :one",
                "SET a = :a REMOVE c ADD d :one",
                "SET a = :a, b = if_not_exists(b, :b) ADD d :one",
                "SET a = :a, b = if_not_exists(b, :b) REMOVE c",
                "SET a = :a, b = :b REMOVE c ADD d :one",
            ]
        );
        assert_eq!(updates("ADD wake :one"), [""]);
    }
}
