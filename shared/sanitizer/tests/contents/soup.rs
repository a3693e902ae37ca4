//! Random tag soup: nesting, reopening, misnesting, attributes, tables, lists, links, references, comments, foreign
//! content, raw text, and unfinished tags.

use std::ops::Range;

use proptest::prelude::*;

use crate::{
    allow_list::ELEMENTS,
    check::{check_safe, sanitize_in_memory},
    shapes::MAX_UNITS,
};

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(texts).prop_map(str::to_owned)
}

/// The name of an element, inside or outside the allow list.
fn element() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(&ELEMENTS[..]).prop_map(str::to_owned),
        3 => one_of(&["b", "i", "a", "em", "strong", "code", "s", "p", "div", "span"]),
        2 => one_of(&["table", "tr", "td", "tbody", "caption", "colgroup", "col", "tfoot", "li", "ul", "ol", "dl", "dd"]),
        1 => one_of(&["font", "u", "nobr", "section", "center", "form", "select", "option", "button", "object", "marquee"]),
        1 => one_of(&["svg", "math", "mi", "mtext", "foreignObject", "desc", "annotation-xml", "path", "ruby", "rt"]),
        1 => one_of(&["script", "style", "title", "textarea", "noscript", "template", "xmp", "iframe", "noembed", "noframes"]),
        1 => one_of(&["image", "input", "html", "head", "body", "frameset", "o:p", "x一", "plaintext", "selectedcontent"]),
    ]
}

/// A space and an attribute.
fn attribute() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        one_of(&[
            "href", "src", "title", "alt", "width", "colspan", "class", "style", "id", "onclick", "onerror",
            "HREF"
        ]),
        (0x4e00_u32..0x9fff).prop_map(|code| char::from_u32(code).unwrap_or('x').to_string()),
    ];
    let value = prop_oneof![
        one_of(&[
            "",
            "x",
            "https://a/b",
            "http://一.二/",
            "javascript:x",
            " java\tscript:x",
            "//a",
            "data:x",
            "&quot;&#13;&amp;"
        ]),
        (0_usize..3_000).prop_map(|length| format!("https://a/{}", "x".repeat(length))),
        (0_usize..300).prop_map(|length| "&\u{a0}".repeat(length)),
    ];
    (name, value, one_of(&["\"", "'", ""]))
        .prop_map(|(name, value, quote)| format!(" {name}={quote}{value}{quote}"))
}

/// A piece of tag soup.
fn piece() -> impl Strategy<Value = String> {
    let start =
        (element(), prop::collection::vec(attribute(), 0..3), one_of(&[">", ">", ">", "/>", " ", ""]))
            .prop_map(|(name, attributes, end)| format!("<{name}{}{end}", attributes.concat()));
    prop_oneof![
        6 => start,
        3 => element().prop_map(|name| format!("</{name}>")),
        2 => element().prop_map(|name| format!("<{name}>")),
        2 => one_of(&["x", " ", "\n", "中文", "😀", "\0", "\r", "\u{feff}", "&", "&lt;", "&#0", "&nbsp;", "<", ">", "\"'`="]),
        1 => one_of(&["<!--", "-->", "<!-- x -->", "<!doctype html>", "<![CDATA[", "]]>", "<?xml ?>", "</", "<!", "<!>", "<!-->"]),
        1 => (0_u32..500).prop_map(|count| {
            let names: String = (0..count).filter_map(|number| char::from_u32(0x4e00 + number)).flat_map(|name| [' ', name]).collect();
            format!("<b{names}>")
        }),
    ]
}

/// One to five pieces, repeated together.
fn group(times: Range<usize>) -> impl Strategy<Value = String> {
    (prop::collection::vec(piece(), 1..6), times).prop_map(|(pieces, times)| pieces.concat().repeat(times))
}

/// Tag soup of at most [`MAX_UNITS`]: a few groups, some of them repeated many times.
fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop_oneof![3 => group(1..4), 1 => group(1..2_000)], 1..12).prop_map(|groups| {
        let mut units = 0;
        let characters = groups.iter().flat_map(|group| group.chars());
        characters
            .take_while(|character| {
                units += character.len_utf16();
                units <= MAX_UNITS
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_content_is_sanitized_within_the_memory_and_safe(content in soup()) {
        let once = sanitize_in_memory(&content).map_err(TestCaseError::fail)?;
        check_safe(&once).map_err(TestCaseError::fail)?;
        let twice = sanitize_in_memory(&once).map_err(TestCaseError::fail)?;
        check_safe(&twice).map_err(TestCaseError::fail)?;
    }
}
