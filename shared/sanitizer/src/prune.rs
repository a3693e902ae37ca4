//! Removes everything that the result cannot contain, token by token, before a tree is built.
//!
//! The parser's tokenizer compares each attribute of a tag with all others, and the tree builder clones the attributes of an
//! element that it reopens. After this pass both see the attributes of the allow list only, at most five per tag. The time is
//! linear in the content, and no tree is built.

use std::{collections::HashMap, sync::LazyLock};

use html5gum::{
    Emitter, Span, State, Tokenizer,
    emitters::{
        ForwardingEmitter,
        callback::{CallbackEmitter, CallbackEvent},
    },
};

use crate::allow_list::{ATTRIBUTES, ELEMENTS, REMOVED_WITH_CONTENT};

/// Elements that are not shown but affect where others end: most of them close an open `p`, and each bounds the search of an
/// end tag for its start tag. Their tags are kept, so that the tree is the same as without pruning.
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

/// Start tags that end an unclosed `svg` or `math`, by the HTML standard's rules for foreign content.
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

/// Elements of `svg` and `math` that contain HTML. Inside them the tags of [`ENDS_FOREIGN`] end nothing.
const CONTAINS_HTML: [&str; 9] =
    ["annotation-xml", "desc", "foreignobject", "mi", "mn", "mo", "ms", "mtext", "title"];

/// The parser ignores it at the start, and keeps it elsewhere.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Returns `content` with only the elements and attributes that affect the result. `None` if the tokenizer fails, which does
/// not happen for a string.
pub fn prune(content: &str) -> Option<String> {
    let mut pruner = Pruner::default();
    let content = content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content);
    let emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| pruner.take(&event));
    let mut tokenizer = Tokenizer::new_with_emitter(content, WithoutErrors(emitter));
    while let Some(state) = tokenizer.next() {
        tokenizer.set_state(state.ok()?);
    }
    drop(tokenizer);
    String::from_utf8(pruner.html).ok()
}

/// The treatment of an element's tags and content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Treatment {
    /// Keeps the tags, with the attributes of the allow list.
    Keep(&'static str),
    /// Removes the tags, and keeps the content.
    Unwrap,
    /// Removes the tags, and keeps the content as text, as a browser reads it.
    UnwrapText(State),
    /// Removes the element and its content, which is HTML.
    RemoveHtml(&'static str),
    /// Removes the element and its content, which is text of this kind.
    RemoveText(&'static str, State),
    /// Removes the element and its content, which is not HTML.
    RemoveForeign(&'static str),
}

/// An emitter that skips the detection of parse errors, which takes a large part of the tokenizer's time.
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

/// The treatment of each element other than [`Treatment::Unwrap`].
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
        // An alias in the HTML standard.
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

    /// The tokenizer state for the content, if it is text.
    fn content(self) -> Option<State> {
        match self {
            Self::UnwrapText(state) | Self::RemoveText(_, state) => Some(state),
            Self::Keep(_) | Self::Unwrap | Self::RemoveHtml(_) | Self::RemoveForeign(_) => None,
        }
    }
}

/// A start tag under construction.
#[derive(Debug)]
struct StartTag {
    name: Vec<u8>,
    treatment: Treatment,
    /// Attributes of the allow list. Of several with the same name, the first.
    attributes: Vec<(&'static str, Vec<u8>)>,
    /// Whether the next value belongs to the last of `attributes`.
    takes_value: bool,
}

/// An element that is removed with its content.
#[derive(Debug)]
struct Removed {
    name: &'static str,
    /// The number of open elements of this name.
    depth: usize,
    is_foreign: bool,
    /// The number of open elements of [`CONTAINS_HTML`].
    html_depth: usize,
}

/// Whether the parser ignores a line feed here, as it does the first one in `pre`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum LineFeed {
    /// Not at the start of `pre`.
    #[default]
    Text,
    /// The line feed follows the tag in the content and in the pruned HTML. The parser ignores it in both.
    Ignored,
    /// The line feed would follow the tag in the pruned HTML only. An extra line feed before it is ignored instead.
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

    /// Counts a start tag in the content. Returns true if the tag ends the element and is outside of it.
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

    /// Counts an end tag in the content. Returns true if it is the element's own.
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
    /// Handles an event. Returns the state that the tokenizer must switch to, if any.
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
                // Drops the attributes of an end tag.
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

    /// Records that a part of the content was left out.
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
            // The parser would ignore the character itself at the start.
            self.html.extend_from_slice(b"&#xfeff;");
            text = rest;
        }
        self.write_escaped(text);
    }

    /// Writes text, or the value of an attribute. The parser decodes numeric references faster than named ones.
    fn write_escaped(&mut self, text: &[u8]) {
        for byte in text {
            match byte {
                b'&' => self.html.extend_from_slice(b"&#38;"),
                b'<' => self.html.extend_from_slice(b"&#60;"),
                // Comes from a character reference. The parser would turn the character itself into a line feed.
                b'\r' => self.html.extend_from_slice(b"&#13;"),
                // The parser ignores it in text. In an attribute's value the tokenizer has replaced it.
                b'\0' => {}
                byte => self.html.push(*byte),
            }
        }
    }
}
