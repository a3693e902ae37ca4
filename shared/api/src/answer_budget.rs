//! How much fits an answer.

use serde::Serialize;

/// The bytes of a list that one answer has room for, counted as Lambda counts them.
///
/// Lambda takes an answer of 6 MB, in which the body is a JSON string: every quote and backslash of the body takes a
/// byte more. What is left up to 6 MB is more than everything around a list takes.
#[derive(Debug)]
pub struct AnswerBudget {
    left: usize,
}

impl Default for AnswerBudget {
    fn default() -> Self {
        Self { left: Self::BYTES }
    }
}

impl AnswerBudget {
    /// The bytes of an empty answer.
    const BYTES: usize = 5_500_000;

    /// Takes the room that one more element of a list needs; says whether there was enough.
    pub fn take(&mut self, element: &impl Serialize) -> bool {
        match self.left.checked_sub(size_in_answer(element)) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

/// The bytes of an element in the answer: its JSON within a JSON string, and a comma.
fn size_in_answer(element: &impl Serialize) -> usize {
    let json = serde_json::to_string(element).unwrap_or_default();
    let escaped = json.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    json.len() + escaped + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_measured_as_it_stands_in_lambdas_answer() {
        for text in ["", "plain", "\"quoted\" \\ and back", "line\nbreak\u{1}", "好😀", "\\\\\"\""] {
            let body = serde_json::to_string(&text).unwrap();
            let in_answer = serde_json::to_string(&body).unwrap();
            // The quotes around the string belong to the body as a whole.
            assert_eq!(size_in_answer(&text), in_answer.len() - 2 + 1, "{text}");
        }
    }

    #[test]
    fn the_last_byte_is_taken_and_no_more() {
        let mut budget = AnswerBudget::default();
        // An empty string is two quotes, each escaped, and a comma.
        assert!(budget.take(&"x".repeat(AnswerBudget::BYTES - 5)));
        assert!(!budget.take(&""));
        assert!(!AnswerBudget::default().take(&"x".repeat(AnswerBudget::BYTES - 4)));
    }
}
