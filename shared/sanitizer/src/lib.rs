//! Sanitizes rich text: turns untrusted content into HTML that is safe to put into a page, at a bounded cost.
//!
//! # Allow list
//!
//! The result has text, inline formatting, headings, lists, tables, links and images: the elements and attributes of
//! `allow_list.rs`, and no others. URLs are absolute, with the scheme `http` or `https`. A link opens in a new window without
//! an opener or a referrer. Any other element is replaced by its content. It is removed together with its content if that is
//! no readable text (`script`, `style`, `svg`). [`ammonia`] enforces the list on all markup, as the last step.
//!
//! # Cost
//!
//! The push endpoint accepts content of at most 32,768 UTF-16 units. Such content takes at most 20 ms of CPU in a release build
//! on the machine of docs/performance.md, and at most 16 MB of memory. A parser alone has no such bound: in HTML one tag can
//! reopen all open formatting elements, one end tag can search all open elements, and one text can move in front of a table
//! with any number of siblings. Content therefore passes four steps, and each step bounds the next one:
//!
//! 1. Content without a character that HTML treats specially is returned unchanged.
//! 2. `prune.rs` reads the content with a tokenizer, in linear time and without a tree. It drops comments, content that is not
//!    shown, tags without effect on the result, and all attributes outside the allow list. A tag keeps at most five
//!    attributes.
//! 3. `budget.rs` parses the pruned HTML in a dry run: the same parser, with a sink that counts and builds no tree. Content
//!    beyond the budget is shown as text.
//! 4. ammonia parses the same HTML, cleans the tree and serializes the result. If the result exceeds 256 KB, the content is
//!    shown as text.
//!
//! The budget bounds the parse because the dry run executes the same code on the same input and takes the same steps. The tree
//! builder asks its sink for a name or an identity at each step of each walk, and the sink counts. A search among siblings
//! happens inside the tree, so the sink cannot see it. It is charged with the number of all children so far, which is an upper
//! bound. The number of elements and the bytes of their attributes bound the memory, ammonia's work on the finished tree, and
//! the length of the result. The serializer searches the rest of a text at each ampersand and no-break space. The sink charges
//! the product.
//!
//! The dry run itself is bounded because it stops at the budget, and one token beyond the budget costs little. The list of
//! active formatting elements has at most three equal entries since its last marker, which a table cell sets. After pruning,
//! only seven formatting elements are left. All except `a` have no attributes, and a second `a` closes the first. A token
//! therefore reopens at most 6 × 3 + 1 elements.
//!
//! `cargo run --release --package bench-sanitizer` measures the most expensive contents known (`shapes.rs`). The tests measure
//! the memory of the same contents, and of random tag soup.

#![warn(missing_docs)]

mod allow_list;
mod budget;
mod prune;

/// The limit on a result, in bytes. A page of pending messages must fit into a Lambda response.
const MAX_LENGTH: usize = 256 * 1024;

/// Characters that a parser or a serializer changes. A parser drops a byte order mark at the start.
const SPECIAL: [char; 7] = ['<', '>', '&', '\0', '\r', '\u{a0}', '\u{feff}'];

/// Returns `content` as safe HTML. Content beyond the budget is escaped and shown as text.
#[must_use]
pub fn sanitize(content: &str) -> String {
    if content.contains(SPECIAL) {
        markup(content).unwrap_or_else(|| ammonia::clean_text(content))
    } else {
        content.to_owned()
    }
}

/// `None` if `content` is beyond the budget, or its result beyond the limit.
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
