//! Rich text from outside, made safe to show in a page.
//!
//! What is allowed is listed here and nothing else: text with simple marks, lists, tables, links and images. A link opens
//! in a window of its own, without telling where it was; links and images are of `http` and `https`. Everything else is
//! taken out: elements with what they contain where that is no text for people (`script`, `style`), or without.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use ammonia::Builder;

/// The elements that are shown.
const ELEMENTS: &[&str] = &[
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

/// The attributes that some of them have.
const ATTRIBUTES: [(&str, &[&str]); 4] = [
    ("a", &["href", "title"]),
    ("img", &["src", "alt", "title", "width", "height"]),
    ("td", &["colspan", "rowspan"]),
    ("th", &["colspan", "rowspan"]),
];

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(ELEMENTS.iter().copied().collect())
        .clean_content_tags(HashSet::from(["script", "style", "template", "noscript", "title", "textarea"]))
        .tag_attributes(ATTRIBUTES.map(|(element, names)| (element, names.iter().copied().collect())).into())
        .tag_attribute_values(HashMap::new())
        .generic_attributes(HashSet::new())
        .url_schemes(HashSet::from(["http", "https"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .set_tag_attribute_value("a", "target", "_blank")
        .set_tag_attribute_value("img", "referrerpolicy", "no-referrer")
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
});

/// The most tags that are read as markup: far more than a message has, and few enough that no nesting of them takes long.
const MAX_TAGS: usize = 500;

/// The longest that markup may become, in bytes. HTML opens again in each paragraph what was not closed before, so that a
/// short text could become a very long one.
const MAX_LENGTH: usize = 256 * 1024;

/// `content` as it may be shown; what has too many tags, or becomes too long, as the text that it is.
#[must_use]
pub fn safe(content: &str) -> String {
    if content.bytes().filter(|byte| *byte == b'<').count() > MAX_TAGS {
        return ammonia::clean_text(content);
    }
    let safe = SANITISER.clean(content).to_string();
    if safe.len() > MAX_LENGTH { ammonia::clean_text(content) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_rich_text_stays_what_it_is() {
        for content in [
            "您好,您有一条新消息 😀",
            "<p>A <b>bold</b> and an <em>important</em> word</p>",
            "<ul><li>one</li></ul>",
            "<table><tbody><tr><td colspan=\"2\">x</td></tr></tbody></table>",
        ] {
            assert_eq!(safe(content), content);
        }
        assert_eq!(safe("1 < 2 & 3"), "1 &lt; 2 &amp; 3");
        assert_eq!(
            safe("<img src=\"https://a/b.png\" alt=\"x\">"),
            "<img src=\"https://a/b.png\" alt=\"x\" referrerpolicy=\"no-referrer\">"
        );
        assert_eq!(
            safe("<a href=\"https://a/b\">x</a>"),
            "<a href=\"https://a/b\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>"
        );
    }

    #[test]
    fn what_could_run_or_take_the_page_over_is_taken_out() {
        for (content, shown) in [
            ("a<script>alert(1)</script>b", "ab"),
            ("a<style>*{display:none}</style>b", "ab"),
            ("<img src=x onerror=alert(1)>", "<img referrerpolicy=\"no-referrer\">"),
            (
                "<img src=\"data:image/svg+xml,<svg onload=alert(1)>\">",
                "<img referrerpolicy=\"no-referrer\">",
            ),
            ("<b onclick=\"alert(1)\">x</b>", "<b>x</b>"),
            (
                "<a href=\"javascript:alert(1)\">x</a>",
                "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>",
            ),
            (
                "<a href=\" java\tscript:alert(1)\">x</a>",
                "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>",
            ),
            ("<a href=\"//evil\">x</a>", "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>"),
            ("<svg onload=alert(1)><circle/></svg>x", "x"),
            ("<iframe src=\"https://a\"></iframe>x", "x"),
            ("<form action=\"https://a\"><input name=x></form>x", "x"),
            ("<p style=\"position:fixed\" class=\"c\" id=\"i\">x</p>", "<p>x</p>"),
            ("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", ""),
            (
                "<base href=\"https://a\"><meta http-equiv=refresh content=0><link rel=stylesheet href=x>x",
                "x",
            ),
        ] {
            let result = safe(content);
            assert!(!result.contains("alert") && !result.contains("evil"), "{content}: {result}");
            if !shown.is_empty() {
                assert_eq!(result, shown, "{content}");
            }
        }
    }

    #[test]
    fn what_would_grow_or_nest_without_end_is_shown_as_text() {
        let open = (0..400).fold(String::new(), |open, number| open + "<b a" + &number.to_string() + ">");
        let shapes = [
            format!("{open}{}", "<p>x".repeat(100)),
            format!("<p>{open}{}", "<p>x".repeat(6_000)),
            "<div>".repeat(6_500),
            "<".repeat(32_768),
            "<b><p>".repeat(5_000),
        ];
        for content in shapes {
            assert!(safe(&content).len() <= MAX_LENGTH, "{}", content.len());
        }
        assert_eq!(safe(&"<i>".repeat(MAX_TAGS + 1)), ammonia::clean_text(&"<i>".repeat(MAX_TAGS + 1)));
        let rich = "<p><b>x</b></p>".repeat(MAX_TAGS / 4);
        assert_eq!(safe(&rich), rich);
    }

    #[test]
    fn it_is_safe_once_more() {
        for content in
            ["<b><i>x</b></i>", "<<script>script>alert(1)<</script>/script>", "&lt;script&gt;", "<p", "\0<b>"]
        {
            let once = safe(content);
            assert_eq!(safe(&once), once, "{content}");
        }
    }
}
