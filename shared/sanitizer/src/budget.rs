//! Bounds the cost of building the tree, by a dry run of the parser.
//!
//! The dry run executes ammonia's parser on the same HTML, with a sink that counts the calls of the tree builder and stores
//! nothing. The tree builder asks the sink for a name, or for the identity of two nodes, at each step of each walk along the
//! open elements or the active formatting elements. The count is therefore the cost: reopened elements, their attributes,
//! scope checks, and the adoption agency algorithm need no model of their own. Beyond a limit the dry run ignores all further
//! tokens.

use std::{borrow::Cow, cell::Cell, rc::Rc};

use html5ever::{
    Attribute, ExpandedName, ParseOpts, QualName, TokenizerResult,
    buffer_queue::BufferQueue,
    interface::{ElementFlags, NodeOrText, QuirksMode},
    local_name, ns, parse_fragment,
    tendril::StrTendril,
    tokenizer::{Token, TokenSink, TokenSinkResult, Tokenizer},
    tree_builder::{TreeBuilder, TreeSink},
};

/// The limit on steps of the tree builder, and on all other work that is charged in steps. A step takes 8 ns: 4 ns in the dry
/// run, and 4 ns in ammonia. The corpus takes at most 121,355 steps, and 32,768 units of paragraphs with one bold word each
/// take 655,356.
const MAX_STEPS: usize = 1_200_000;

/// The limit on elements of the tree. An element takes at most 520 bytes and, with ammonia's checks, 0.4 µs. Without reopened
/// elements, content of this many elements has 36,000 units at least, which exceeds the push endpoint's limit.
const MAX_ELEMENTS: usize = 12_000;

/// The limit on bytes of attributes in the tree. The attributes of a link count again each time the link is reopened. One
/// attribute of 32,768 units has at most 98,304 bytes. ammonia parses each URL, at up to 60 ns per byte.
const MAX_ATTRIBUTE_BYTES: usize = 128 * 1024;

/// The cost of an element, in steps, with ammonia's checks.
const ELEMENT_STEPS: usize = 60;

/// The cost of a byte of an attribute, in steps. ammonia parses each URL.
const ATTRIBUTE_BYTE_STEPS: usize = 4;

/// The dry run checks the budget after this many bytes.
const PIECE: usize = 1024;

/// The cost of a token, in steps, without the work of the tree builder.
const TOKEN_STEPS: usize = 32;

/// The cost of decoding a character reference, in steps.
const REFERENCE_STEPS: usize = 48;

/// A search among siblings visits this many children in the time of one step.
const CHILDREN_PER_STEP: usize = 4;

/// The serializer searches this many bytes in the time of one step.
const BYTES_PER_STEP: usize = 64;

/// The cost of building a tree.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Steps of the tree builder.
    pub steps: usize,
    /// Elements of the tree.
    pub elements: usize,
    /// Bytes of the names and values of all attributes.
    pub attribute_bytes: usize,
}

impl Cost {
    /// The cost of parsing `html`. Stops soon after it exceeds a limit.
    pub fn of(html: &str) -> Self {
        let parser = parse_fragment(
            CostSink::default(),
            ParseOpts::default(),
            QualName::new(None, ns!(html), local_name!("div")),
            Vec::new(),
            false,
        );
        let tokenizer = Tokenizer::new(DryRun(parser.tokenizer.sink), ParseOpts::default().tokenizer);
        let input = BufferQueue::default();
        let cost = || tokenizer.sink.0.sink.cost.get();
        tokenizer.sink.0.sink.add_steps(html.matches('&').count() * REFERENCE_STEPS);
        let mut rest = html;
        while cost().is_within_budget()
            && let Some((piece, next)) = rest.split_at_checked(rest.floor_char_boundary(PIECE))
            && !piece.is_empty()
        {
            input.push_back(StrTendril::from(piece));
            while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
            rest = next;
        }
        // Flushes the text that the tree builder buffers in a table.
        tokenizer.end();
        cost()
    }

    pub fn is_within_budget(self) -> bool {
        self.steps <= MAX_STEPS
            && self.elements <= MAX_ELEMENTS
            && self.attribute_bytes <= MAX_ATTRIBUTE_BYTES
    }
}

/// Passes tokens to the tree builder until the budget is spent.
struct DryRun(TreeBuilder<Rc<Node>, CostSink>);

impl TokenSink for DryRun {
    type Handle = Rc<Node>;

    fn process_token(&self, token: Token, line_number: u64) -> TokenSinkResult<Self::Handle> {
        self.0.sink.add_steps(TOKEN_STEPS);
        if self.0.sink.cost.get().is_within_budget() {
            self.0.process_token(token, line_number)
        } else {
            TokenSinkResult::Continue
        }
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.0.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// A sink that counts the cost of a tree and stores none.
#[derive(Default)]
struct CostSink {
    cost: Cell<Cost>,
    /// The number of nodes added so far: an upper bound on the children of any node.
    children: Cell<usize>,
    /// The text of all nodes.
    all_text: Cell<Text>,
}

impl CostSink {
    fn add_steps(&self, steps: usize) {
        let cost = self.cost.get();
        self.cost.set(Cost { steps: cost.steps + steps, ..cost });
    }

    /// Charges a search for one child among its siblings, or a move of all children.
    fn pass_children(&self) {
        self.add_steps(1 + self.children.get() / CHILDREN_PER_STEP);
    }

    fn add_child(&self) {
        self.children.set(self.children.get() + 1);
    }

    /// Charges a child that is inserted between others. Text may be merged with any adjacent text, and is charged as if it were
    /// merged with all text.
    fn insert_child(&self, child: &NodeOrText<Rc<Node>>) {
        self.pass_children();
        self.add_child();
        if let NodeOrText::AppendText(text) = child {
            let before = self.all_text.get();
            let after = before.and(text);
            self.add_steps(after.steps() - before.steps());
            self.all_text.set(after);
        }
    }
}

/// A node of the dry run.
struct Node {
    name: QualName,
    /// The text at the end of its children.
    text: Cell<Text>,
}

impl Node {
    fn new(name: QualName) -> Rc<Self> {
        Rc::new(Self { name, text: Cell::default() })
    }
}

/// The size of a text or of an attribute's value. At each ampersand, and at each byte that may start a no-break space, the
/// serializer searches the rest for an angle bracket.
#[derive(Debug, Default, Clone, Copy)]
struct Text {
    bytes: usize,
    searches: usize,
}

impl Text {
    /// The size after `more` is appended.
    fn and(self, more: &str) -> Self {
        let searches = more.bytes().filter(|byte| matches!(byte, b'&' | 0xc2)).count();
        Self { bytes: self.bytes + more.len(), searches: self.searches + searches }
    }

    fn steps(self) -> usize {
        self.searches * self.bytes / BYTES_PER_STEP
    }
}

impl TreeSink for CostSink {
    type Handle = Rc<Node>;
    type Output = Self;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Self {
        self
    }

    fn parse_error(&self, _: Cow<'static, str>) {
        self.add_steps(1);
    }

    fn get_document(&self) -> Self::Handle {
        Node::new(QualName::new(None, ns!(), local_name!("")))
    }

    fn elem_name<'a>(&'a self, target: &'a Self::Handle) -> ExpandedName<'a> {
        self.add_steps(1);
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Self::Handle {
        let length = |attribute: &Attribute| attribute.name.local.len() + attribute.value.len();
        let search = |attribute: &Attribute| Text::default().and(&attribute.value).steps();
        let bytes: usize = attributes.iter().map(length).sum();
        let searches: usize = attributes.iter().map(search).sum();
        self.add_steps(ELEMENT_STEPS + bytes * ATTRIBUTE_BYTE_STEPS + searches);
        let cost = self.cost.get();
        self.cost.set(Cost {
            elements: cost.elements + 1,
            attribute_bytes: cost.attribute_bytes + bytes,
            ..cost
        });
        Node::new(name)
    }

    fn create_comment(&self, _: StrTendril) -> Self::Handle {
        self.get_document()
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Self::Handle {
        self.get_document()
    }

    fn append(&self, parent: &Self::Handle, child: NodeOrText<Self::Handle>) {
        self.add_child();
        let before = parent.text.get();
        let after = match child {
            NodeOrText::AppendText(text) => {
                self.all_text.set(self.all_text.get().and(&text));
                before.and(&text)
            }
            NodeOrText::AppendNode(_) => Text::default(),
        };
        self.add_steps(after.steps().saturating_sub(before.steps()));
        parent.text.set(after);
    }

    fn append_based_on_parent_node(
        &self,
        _: &Self::Handle,
        _: &Self::Handle,
        child: NodeOrText<Self::Handle>,
    ) {
        self.insert_child(&child);
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &Self::Handle) -> Self::Handle {
        Rc::clone(target)
    }

    fn same_node(&self, one: &Self::Handle, other: &Self::Handle) -> bool {
        self.add_steps(1);
        Rc::ptr_eq(one, other)
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, _: &Self::Handle, child: NodeOrText<Self::Handle>) {
        self.insert_child(&child);
    }

    fn add_attrs_if_missing(&self, _: &Self::Handle, _: Vec<Attribute>) {}

    fn remove_from_parent(&self, _: &Self::Handle) {
        self.pass_children();
    }

    fn reparent_children(&self, _: &Self::Handle, _: &Self::Handle) {
        self.pass_children();
    }
}
