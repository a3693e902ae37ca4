//! A check of HTML that is about to be put into a page. A tokenizer and a parser with the tree builder of browsers read it.

use std::{borrow::Cow, rc::Rc};

use html5ever::{
    Attribute, ExpandedName, ParseOpts, QualName,
    interface::{ElementFlags, NodeOrText, QuirksMode},
    local_name, ns, parse_document, parse_fragment,
    tendril::{StrTendril, TendrilSink},
    tree_builder::{TreeBuilderOpts, TreeSink},
};
use html5gum::{Token, Tokenizer};
use url::Url;

/// The elements of the allow list, as the API documents them.
const ELEMENTS: &str = "a b blockquote br code del div em h1 h2 h3 h4 h5 h6 hr i img ins li ol p pre s span strong sub sup table \
                        tbody td th thead tr ul";

/// The elements that a browser adds to a document.
const ADDED_BY_BROWSERS: [&str; 3] = ["html", "head", "body"];

/// Asserts that `html` has no element, attribute or URL outside the allow list, wherever it is put.
pub fn assert_safe(html: &str) {
    assert_safe_tokens(html);
    for scripting_enabled in [true, false] {
        let tree_builder = TreeBuilderOpts { scripting_enabled, ..TreeBuilderOpts::default() };
        let options = || ParseOpts { tree_builder, ..ParseOpts::default() };
        parse_document(Check, options()).one(html);
        for context in [local_name!("div"), local_name!("td"), local_name!("li")] {
            let context = QualName::new(None, ns!(html), context);
            parse_fragment(Check, options(), context, Vec::new(), scripting_enabled).one(html);
        }
    }
}

/// Asserts the same for the tags as they are written, without a tree: the cost is linear.
pub fn assert_safe_tokens(html: &str) {
    for Ok(token) in Tokenizer::new(html) {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name);
                assert!(is_allowed(&name), "element {name} in {html}");
                for (attribute, value) in &tag.attributes {
                    assert_attribute(
                        &name,
                        &String::from_utf8_lossy(attribute),
                        &String::from_utf8_lossy(value),
                    );
                }
            }
            Token::EndTag(tag) => {
                assert!(is_allowed(&String::from_utf8_lossy(&tag.name)), "an end tag in {html}");
            }
            Token::Comment(_) | Token::Doctype(_) => unreachable!("a comment or a doctype in {html}"),
            // Some characters are errors.
            Token::String(_) | Token::Error(_) => {}
        }
    }
}

fn is_allowed(element: &str) -> bool {
    ELEMENTS.split_ascii_whitespace().any(|allowed| allowed == element)
}

fn assert_attribute(element: &str, name: &str, value: &str) {
    let is_allowed = match (element, name) {
        ("a", "href") | ("img", "src") => is_web_url(value),
        ("a", "title")
        | ("img", "alt" | "title" | "width" | "height")
        | ("td" | "th", "colspan" | "rowspan") => true,
        ("a", "target") => value == "_blank",
        ("a", "rel") => value == "noopener noreferrer nofollow",
        ("img", "referrerpolicy") => value == "no-referrer",
        _ => false,
    };
    assert!(is_allowed, "{name}={value:?} of {element}");
}

/// Whether a browser takes a text as an absolute `http` or `https` URL, whatever page it is on.
fn is_web_url(text: &str) -> bool {
    let of_page = |page: &str| Url::parse(page).and_then(|page| page.join(text)).ok();
    let (one, other) = (of_page("ftp://one.example/a/"), of_page("https://other.example/b/"));
    one == other && one.is_some_and(|url| ["http", "https"].contains(&url.scheme()))
}

/// A sink that checks each element and keeps no tree.
struct Check;

impl TreeSink for Check {
    type Handle = Rc<QualName>;
    type Output = ();
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) {}

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Self::Handle {
        Rc::new(QualName::new(None, ns!(), local_name!("")))
    }

    fn elem_name<'a>(&'a self, target: &'a Self::Handle) -> ExpandedName<'a> {
        target.expanded()
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Self::Handle {
        let local = name.local.to_string();
        assert!(name.ns == ns!(html), "{name:?}");
        let is_added = ADDED_BY_BROWSERS.contains(&local.as_str());
        assert!(is_allowed(&local) || is_added && attributes.is_empty(), "element {local}");
        for attribute in &attributes {
            assert_attribute(&local, &attribute.name.local, &attribute.value);
        }
        Rc::new(name)
    }

    fn create_comment(&self, text: StrTendril) -> Self::Handle {
        unreachable!("a comment: {text}")
    }

    fn create_pi(&self, target: StrTendril, _: StrTendril) -> Self::Handle {
        unreachable!("an instruction: {target}")
    }

    fn append(&self, _: &Self::Handle, _: NodeOrText<Self::Handle>) {}

    fn append_based_on_parent_node(&self, _: &Self::Handle, _: &Self::Handle, _: NodeOrText<Self::Handle>) {}

    fn append_doctype_to_document(&self, name: StrTendril, _: StrTendril, _: StrTendril) {
        assert!(name.is_empty(), "a doctype: {name}");
    }

    fn get_template_contents(&self, target: &Self::Handle) -> Self::Handle {
        Rc::clone(target)
    }

    fn same_node(&self, one: &Self::Handle, other: &Self::Handle) -> bool {
        Rc::ptr_eq(one, other)
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, _: &Self::Handle, _: NodeOrText<Self::Handle>) {}

    fn add_attrs_if_missing(&self, _: &Self::Handle, attributes: Vec<Attribute>) {
        assert!(attributes.is_empty(), "{attributes:?} of the document");
    }

    fn remove_from_parent(&self, _: &Self::Handle) {}

    fn reparent_children(&self, _: &Self::Handle, _: &Self::Handle) {}
}
