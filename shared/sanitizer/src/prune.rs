//! Removes what the result cannot contain, token by token, before a tree is built.
//!
//! The parser's own tokenizer compares each attribute of a tag with all others, and the tree builder clones the attributes
//! of an element that it reopens. Both see only the attributes of the allow list after this pass, at most five of a tag.
//! The time is linear in the content and no tree is built.

use std::{collections::HashMap, sync::LazyLock};

use html5gum::{
    Emitter, Span, State, Tokenizer,
    emitters::{
        ForwardingEmitter,
        callback::{CallbackEmitter, CallbackEvent},
    },
};

use crate::allow_list::{ATTRIBUTES, ELEMENTS, REMOVED_WITH_CONTENT};

/// Elements that are not shown, but decide where others end: most of them close an open `p`, and each bounds the search of
/// an end tag for its start tag. Their tags stay, so that the tree is the one of the whole content.
const STRUCTURE: [&str; 30] = [
    "address",
    "article",
    "aside",
    "button",
    "caption",
    "center",
    "colgroup",
    "dd",
    "details",
    "dialog",
    "dir",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hgroup",
    "main",
    "marquee",
    "menu",
    "nav",
    "object",
    "search",
    "section",
    "select",
    "summary",
    "tfoot",
];

/// Start tags that end the content of an unclosed `svg` or `math`, by the HTML standard's rules for foreign content.
const ENDS_FOREIGN: [&str; 42] = [
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "hr",
    "i",
    "img",
    "li",
    "listing",
    "menu",
    "meta",
    "nobr",
    "ol",
    "p",
    "pre",
    "ruby",
    "s",
    "small",
    "span",
    "strong",
    "strike",
    "sub",
    "sup",
    "table",
    "u",
    "ul",
];

/// Elements of `svg` and `math` that contain HTML, where the tags of [`ENDS_FOREIGN`] end nothing.
const CONTAINS_HTML: [&str; 9] =
    ["annotation-xml", "desc", "foreignobject", "mi", "mn", "mo", "ms", "mtext", "title"];

/// Ignored by the parser at the beginning, and kept elsewhere.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// `content` with the elements and attributes that decide about the result, and no others. `None` if the tokenizer fails,
/// which it does for no string.
pub fn prune(content: &str) -> Option<String> {
    let mut pruner = Pruner::default();
    // The parser ignores a byte order mark at the beginning.
    let content = content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content);
    let emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| pruner.take(&event));
    let mut tokenizer = Tokenizer::new_with_emitter(content, WithoutErrors(emitter));
    while let Some(state) = tokenizer.next() {
        tokenizer.set_state(state.ok()?);
    }
    drop(tokenizer);
    String::from_utf8(pruner.html).ok()
}

/// How the tags and the content of an element are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Treatment {
    /// The tags stay, with the attributes of the allow list.
    Keep(&'static str),
    /// The tags go and the content stays.
    Unwrap,
    /// The tags go, and the content stays as the text that a browser reads it as.
    UnwrapText(State),
    /// The element goes with its content, which is HTML.
    RemoveHtml(&'static str),
    /// The element goes with its content, which is text of this kind.
    RemoveText(&'static str, State),
    /// The element goes with its content, which is not HTML.
    RemoveForeign(&'static str),
}

/// An emitter without the parse errors, whose checks of each character are a large part of the tokenizer.
#[derive(Debug)]
struct WithoutErrors<E>(E);

impl<E: Emitter> ForwardingEmitter for WithoutErrors<E> {
    type Token = E::Token;

    fn inner(&mut self) -> &mut impl Emitter<Token = E::Token> {
        &mut self.0
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }
}

/// The treatment of each element that is not merely unwrapped.
static TREATMENTS: LazyLock<HashMap<&'static [u8], Treatment>> = LazyLock::new(|| {
    let kept = ELEMENTS.iter().chain(&STRUCTURE).map(|name| (*name, Treatment::Keep(name)));
    let removed = REMOVED_WITH_CONTENT.map(|name| {
        let treatment = match name {
            "script" => Treatment::RemoveText(name, State::ScriptData),
            "textarea" | "title" => Treatment::RemoveText(name, State::RcData),
            "template" => Treatment::RemoveHtml(name),
            _ => Treatment::RemoveText(name, State::RawText),
        };
        (name, treatment)
    });
    let text =
        ["iframe", "noembed", "noframes", "xmp"].map(|name| (name, Treatment::UnwrapText(State::RawText)));
    let others = [
        // By the HTML standard another name of the same element.
        ("image", Treatment::Keep("img")),
        ("math", Treatment::RemoveForeign("math")),
        ("plaintext", Treatment::UnwrapText(State::PlainText)),
        ("svg", Treatment::RemoveForeign("svg")),
    ];
    kept.chain(removed)
        .chain(text)
        .chain(others)
        .map(|(name, treatment)| (name.as_bytes(), treatment))
        .collect()
});

impl Treatment {
    fn of(name: &[u8]) -> Self {
        TREATMENTS.get(name).copied().unwrap_or(Self::Unwrap)
    }

    /// The state in which the tokenizer must read the content, if it is text.
    fn content(self) -> Option<State> {
        match self {
            Self::UnwrapText(state) | Self::RemoveText(_, state) => Some(state),
            Self::Keep(_) | Self::Unwrap | Self::RemoveHtml(_) | Self::RemoveForeign(_) => None,
        }
    }
}

/// A start tag that is being read.
#[derive(Debug)]
struct StartTag {
    name: Vec<u8>,
    treatment: Treatment,
    /// Attributes of the allow list, each name once: the first counts.
    attributes: Vec<(&'static str, Vec<u8>)>,
    /// Whether the next value belongs to the last of `attributes`.
    takes_value: bool,
}

/// An element that is removed with its content.
#[derive(Debug)]
struct Removed {
    name: &'static str,
    /// How many elements of this name are open.
    depth: usize,
    is_foreign: bool,
    /// How many elements of [`CONTAINS_HTML`] are open.
    html_depth: usize,
}

/// Whether a line feed that comes next is ignored, as the first one of `pre` is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum LineFeed {
    /// Nowhere near the beginning of `pre`.
    #[default]
    Text,
    /// It follows the tag in the content, thus also in the pruned HTML: the parser ignores it.
    Ignored,
    /// It would follow the tag only in the pruned HTML, where another one must be ignored in its place.
    Kept,
}

impl StartTag {
    fn take_name(&mut self, name: &[u8]) {
        self.takes_value = false;
        if let Treatment::Keep(element) = self.treatment
            && let Some((_, names)) = ATTRIBUTES.iter().find(|(known, _)| *known == element)
            && let Some(name) = names.iter().find(|known| known.as_bytes() == name)
            && self.attributes.iter().all(|(taken, _)| taken != name)
        {
            self.attributes.push((name, Vec::new()));
            self.takes_value = true;
        }
    }

    fn take_value(&mut self, value: &[u8]) {
        if self.takes_value
            && let Some((_, taken)) = self.attributes.last_mut()
        {
            taken.extend_from_slice(value);
        }
    }
}

impl Removed {
    fn new(name: &'static str, is_foreign: bool) -> Self {
        Self { name, depth: 1, is_foreign, html_depth: 0 }
    }

    /// Takes a start tag in the content. Answers whether the tag ends the element, and is outside of it.
    fn is_ended_by(&mut self, tag: &StartTag, self_closing: bool) -> bool {
        let is_one_of = |names: &[&str]| names.iter().any(|name| name.as_bytes() == tag.name);
        if self.is_foreign && self.html_depth == 0 && is_one_of(&ENDS_FOREIGN) {
            return true;
        }
        if !(self.is_foreign && self_closing) {
            self.depth += usize::from(is_one_of(&[self.name]));
            self.html_depth += usize::from(is_one_of(&CONTAINS_HTML));
        }
        false
    }

    /// Takes an end tag in the content. Answers whether it is the element's own.
    fn is_closed_by(&mut self, name: &[u8]) -> bool {
        let is_one_of = |names: &[&str]| names.iter().any(|known| known.as_bytes() == name);
        self.depth -= usize::from(is_one_of(&[self.name]));
        self.html_depth = self.html_depth.saturating_sub(usize::from(is_one_of(&CONTAINS_HTML)));
        self.depth == 0
    }
}

#[derive(Debug, Default)]
struct Pruner {
    html: Vec<u8>,
    tag: Option<StartTag>,
    removed: Option<Removed>,
    line_feed: LineFeed,
}

impl Pruner {
    /// Takes the next event. Answers with the state that the tokenizer must switch to, if any.
    fn take(&mut self, event: &CallbackEvent<'_>) -> Option<State> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = Some(StartTag {
                    name: name.to_vec(),
                    treatment: Treatment::of(name),
                    attributes: Vec::new(),
                    takes_value: false,
                });
            }
            CallbackEvent::AttributeName { name } => {
                if let Some(tag) = &mut self.tag {
                    tag.take_name(name);
                }
            }
            CallbackEvent::AttributeValue { value } => {
                if let Some(tag) = &mut self.tag {
                    tag.take_value(value);
                }
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                let tag = self.tag.take()?;
                return self.start(tag, *self_closing);
            }
            CallbackEvent::EndTag { name } => {
                // An end tag may have attributes, which nothing has been opened for.
                self.tag = None;
                self.end(name);
            }
            CallbackEvent::String { value } => {
                if self.removed.is_none() {
                    self.write_text(value);
                }
            }
            CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } => self.skip(),
            CallbackEvent::Error(_) => {}
        }
        None
    }

    fn start(&mut self, tag: StartTag, self_closing: bool) -> Option<State> {
        if let Some(removed) = &mut self.removed {
            if !removed.is_ended_by(&tag, self_closing) {
                return if removed.is_foreign { None } else { tag.treatment.content() };
            }
            self.removed = None;
        }
        match tag.treatment {
            Treatment::Keep(name) => {
                self.write_start(name, tag.attributes);
                return None;
            }
            Treatment::Unwrap | Treatment::UnwrapText(_) => {}
            Treatment::RemoveHtml(name) | Treatment::RemoveText(name, _) => {
                self.removed = Some(Removed::new(name, false));
            }
            Treatment::RemoveForeign(name) => {
                self.removed = (!self_closing).then(|| Removed::new(name, true));
            }
        }
        self.skip();
        tag.treatment.content()
    }

    fn end(&mut self, name: &[u8]) {
        if let Some(removed) = &mut self.removed {
            if removed.is_closed_by(name) {
                self.removed = None;
            }
        } else if let Treatment::Keep(name) = Treatment::of(name) {
            self.html.extend_from_slice(b"</");
            self.html.extend_from_slice(name.as_bytes());
            self.html.push(b'>');
            self.line_feed = LineFeed::Text;
        } else {
            self.skip();
        }
    }

    fn write_start(&mut self, name: &str, attributes: Vec<(&str, Vec<u8>)>) {
        self.html.push(b'<');
        self.html.extend_from_slice(name.as_bytes());
        for (name, value) in attributes {
            self.html.push(b' ');
            self.html.extend_from_slice(name.as_bytes());
            self.html.extend_from_slice(b"=\"");
            for part in value.split_inclusive(|byte| *byte == b'"') {
                match part.strip_suffix(b"\"") {
                    Some(part) => {
                        self.write_escaped(part);
                        self.html.extend_from_slice(b"&#34;");
                    }
                    None => self.write_escaped(part),
                }
            }
            self.html.push(b'"');
        }
        self.html.push(b'>');
        self.line_feed = if name == "pre" { LineFeed::Ignored } else { LineFeed::Text };
    }

    /// Notes that something of the content has been left out.
    fn skip(&mut self) {
        if self.line_feed == LineFeed::Ignored {
            self.line_feed = LineFeed::Kept;
        }
    }

    fn write_text(&mut self, mut text: &[u8]) {
        if self.line_feed == LineFeed::Kept && text.starts_with(b"\n") {
            self.html.push(b'\n');
        }
        self.line_feed = LineFeed::Text;
        if self.html.is_empty()
            && let Some(rest) = text.strip_prefix(BYTE_ORDER_MARK.as_bytes())
        {
            // As a character reference, it is not ignored in the place of one at the beginning of the content.
            self.html.extend_from_slice(b"&#xfeff;");
            text = rest;
        }
        self.write_escaped(text);
    }

    /// Writes text, or the value of an attribute. The parser reads numeric references faster than named ones.
    fn write_escaped(&mut self, text: &[u8]) {
        for byte in text {
            match byte {
                b'&' => self.html.extend_from_slice(b"&#38;"),
                b'<' => self.html.extend_from_slice(b"&#60;"),
                // From a character reference. The parser would read the character itself as a line feed.
                b'\r' => self.html.extend_from_slice(b"&#13;"),
                // The parser ignores it in text. The tokenizer replaces it in a value.
                b'\0' => {}
                byte => self.html.push(*byte),
            }
        }
    }
}
