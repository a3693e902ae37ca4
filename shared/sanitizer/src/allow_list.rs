//! The allow list of elements and attributes, and the ammonia builder that enforces it.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use ammonia::{Builder, UrlRelative};

/// The elements that a result may contain.
pub const ELEMENTS: [&str; 34] = [
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "del",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

/// The attributes that a result may keep, by element. `href` and `src` keep only absolute http and https URLs.
pub const ATTRIBUTES: [(&str, &[&str]); 4] = [
    ("a", &["href", "title"]),
    ("img", &["src", "alt", "title", "width", "height"]),
    ("td", &["colspan", "rowspan"]),
    ("th", &["colspan", "rowspan"]),
];

/// Elements that are removed together with their content, because it is no readable text.
pub const REMOVED_WITH_CONTENT: [&str; 6] = ["noscript", "script", "style", "template", "textarea", "title"];

/// Enforces the allow list. Adds attributes so that a link opens in a new window, without an opener or a referrer.
pub static BUILDER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(ELEMENTS.into())
        .clean_content_tags(REMOVED_WITH_CONTENT.into())
        .tag_attributes(ATTRIBUTES.map(|(element, names)| (element, names.iter().copied().collect())).into())
        .tag_attribute_values(HashMap::new())
        .generic_attributes(HashSet::new())
        .url_schemes(HashSet::from(["http", "https"]))
        .url_relative(UrlRelative::Deny)
        .attribute_filter(|_, name, value| {
            let is_url = matches!(name, "href" | "src");
            (!is_url || is_written_out(value)).then_some(Cow::Borrowed(value))
        })
        .set_tag_attribute_value("a", "target", "_blank")
        .set_tag_attribute_value("img", "referrerpolicy", "no-referrer")
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
});

/// Whether a URL has two slashes after its scheme. Without them `https:path` is absolute for a parser that knows no page, and
/// relative for a browser that shows a page of the same scheme.
fn is_written_out(url: &str) -> bool {
    let url = url.trim_start_matches(|character| character <= ' ');
    let begins_with =
        |start: &str| url.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
    begins_with("http://") || begins_with("https://")
}
