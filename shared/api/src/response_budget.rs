//! The size limit of a response.

use serde::Serialize;

/// The bytes that the list of a response may take, counted as Lambda counts them.
///
/// Lambda accepts responses of 6 MB, in which the body is a JSON string: every quote and backslash takes one more byte. The
/// budget leaves 0.5 MB for everything but the list.
#[derive(Debug)]
pub struct ResponseBudget {
    left: usize,
}

impl Default for ResponseBudget {
    fn default() -> Self {
        Self { left: Self::BYTES }
    }
}

impl ResponseBudget {
    const BYTES: usize = 5_500_000;

    /// Takes the bytes of one more element; `false` if they exceed the budget.
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

/// The bytes of an element in the response: its JSON within a JSON string, and a comma.
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
        let mut budget = ResponseBudget::default();
        // An empty string is two quotes, each escaped, and a comma.
        assert!(budget.take(&"x".repeat(ResponseBudget::BYTES - 5)));
        assert!(!budget.take(&""));
        assert!(!ResponseBudget::default().take(&"x".repeat(ResponseBudget::BYTES - 4)));
    }
}
