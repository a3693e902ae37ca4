//! Turns rich text from outside into HTML that is safe to put into a page, at a bounded cost.
//!
//! # Allow list
//!
//! The result has text, simple marks, headings, lists, tables, links and images: the elements and attributes of
//! `allow_list.rs`, and no others. URLs are absolute ones of `http` and `https`. A link opens in a new window without an
//! opener or a referrer. Other elements are replaced by their content, or removed together with it where the content is not
//! text for people (`script`, `style`, `svg`). [`ammonia`] enforces the list on all markup, as the last step.
//!
//! # Cost
//!
//! Content of at most 32,768 UTF-16 units, which is what the push endpoint accepts, takes at most 20 ms of CPU in release on
//! the machine of docs/performance.md, and at most 16 MB of memory. A parser alone does not have such a bound: HTML lets one tag
//! reopen all formatting elements that are open, one end tag search all open elements, and one text move in front of a
//! table with any number of siblings. Therefore content passes four steps, and each bounds the next:
//!
//! 1. Content without a character that HTML treats specially is returned as it is.
//! 2. `prune.rs` reads the content with a tokenizer in linear time, without a tree. It drops comments, content that is not
//!    shown, tags without effect on the result, and all attributes outside the allow list: at most five of a tag are left.
//! 3. `budget.rs` rehearses the parse of the pruned HTML: the same parser, with a sink that counts instead of building a
//!    tree. Content beyond the budget is shown as text.
//! 4. ammonia parses the same HTML, cleans the tree and writes the result. A result of more than 256 KB is dropped, and the
//!    content is shown as text.
//!
//! The budget bounds the parse because the rehearsal runs the same code on the same input, thus takes the same steps: the
//! tree builder asks its sink for a name or an identity at each step of each walk, and the sink counts. Searches that happen
//! in the tree instead, for a child among its siblings, are charged with the number of all children so far, which is no
//! less. The number of elements and the bytes of their attributes bound the memory, the work of ammonia on the finished
//! tree, and the length of the result. The serializer searches the rest of a text at each ampersand and no-break space; the
//! sink charges the product.
//!
//! The rehearsal itself is bounded because it stops at the budget, and one token beyond it costs little: the list of active
//! formatting elements has at most three equal entries since its last marker, which a table cell sets. Only seven formatting
//! elements are left after pruning. All but `a` have no attributes, and a second `a` closes the first, so that a token
//! reopens at most 6 × 3 + 1 elements.
//!
//! `cargo run --release --package bench-sanitizer` measures the most expensive contents known (`shapes.rs`). The tests count
//! the memory of the same contents, and of tag soup at random.

#![warn(missing_docs)]

mod allow_list;
mod budget;
mod prune;

/// The most bytes of a result. The page of pending messages that it is a part of must fit into an answer of Lambda.
const MAX_LENGTH: usize = 256 * 1024;

/// Characters that HTML reads, or a serializer writes, as something else. A byte order mark is dropped at the beginning.
const SPECIAL: [char; 7] = ['<', '>', '&', '\0', '\r', '\u{a0}', '\u{feff}'];

/// Turns `content` into HTML that is safe to show. Content whose markup is beyond the budget is shown as text.
#[must_use]
pub fn sanitize(content: &str) -> String {
    if content.contains(SPECIAL) {
        markup(content).unwrap_or_else(|| ammonia::clean_text(content))
    } else {
        content.to_owned()
    }
}

/// The allowed markup of `content`, if it is within the budget.
fn markup(content: &str) -> Option<String> {
    let pruned = prune::prune(content)?;
    if !budget::Cost::of(&pruned).is_within_budget() {
        return None;
    }
    let safe = allow_list::BUILDER.clean(&pruned).to_string();
    (safe.len() <= MAX_LENGTH).then_some(safe)
}

#[cfg(test)]
mod tests;
