//! Contents that are more expensive than others of their length, for the sanitizer or for a parser without a budget. The
//! sanitizer's tests check their memory, and the benchmark measures their time.

/// The push endpoint's limit on a content, in UTF-16 units.
pub const MAX_UNITS: usize = 32_768;

/// A named content of at most [`MAX_UNITS`].
pub type Shape = (&'static str, String);

/// The formatting elements without attributes.
const FORMATTING: &str = "<b><i><s><em><code><strong>";

/// All shapes.
pub fn all() -> Vec<Shape> {
    [attributes(), formatting(), nesting(), tables(), text(), links(), structure()].concat()
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// `head`, then `unit` repeated up to [`MAX_UNITS`].
fn repeat(head: &str, unit: &str) -> String {
    repeat_between(head, unit, "")
}

/// `head`, then `unit` repeated, then `tail`: together at most [`MAX_UNITS`].
fn repeat_between(head: &str, unit: &str, tail: &str) -> String {
    let times = (MAX_UNITS - units(head) - units(tail)) / units(unit);
    format!("{head}{}{tail}", unit.repeat(times))
}

/// `count` distinct characters of one UTF-16 unit and three bytes each, with `prefix` before each of them.
fn distinct(prefix: &str, count: usize) -> String {
    let characters = ('\u{4e00}'..='\u{9fff}').take(count);
    characters.flat_map(|character| prefix.chars().chain([character])).collect()
}

/// Three open formatting elements of each name: HTML reopens no more.
fn thrice() -> String {
    FORMATTING.repeat(3)
}

/// Many attributes, and long ones.
fn attributes() -> Vec<Shape> {
    let eight = format!("<b{}>", distinct(" ", 1_900)).repeat(8);
    let link = |length: usize| format!("<p><a href=https://a/{}>", "x".repeat(length));
    vec![
        ("8 b of 1,900 attributes reopened in p", repeat(&format!("<p>{eight}"), "<p>x")),
        ("16,000 attributes of one tag", format!("<b{}>", distinct(" ", 16_000))),
        ("link of 100 bytes reopened in p", repeat(&link(100), "<p>x")),
        ("link of 1,000 bytes reopened in p", repeat(&link(1_000), "<p>x")),
        ("link of 16,000 bytes reopened in p", repeat(&link(16_000), "<p>x")),
        ("relative link reopened in p", repeat(&format!("<p><a href={}>", "x".repeat(16_000)), "<p>x")),
        (
            "title of quotation marks reopened in p",
            repeat(&format!("<p><a title='{}'>", "\"".repeat(200)), "<p>x"),
        ),
        ("title of no-break spaces", repeat_between("<a title='", "\u{a0}", "'>x")),
        ("title of ampersands", repeat_between("<a title='", "&", "'>x")),
        ("open tag with attributes", repeat("<b", " x")),
    ]
}

/// Formatting elements that are reopened, or moved by their end tags.
fn formatting() -> Vec<Shape> {
    let blocks = "<b><i><s><p><div><div><div><div></b></i></s>";
    vec![
        ("open b", repeat("", "<b>")),
        ("open b and text", repeat("", "<b>x")),
        ("empty b", repeat("", "<b></b>")),
        ("open a", repeat("", "<a>")),
        ("open a and p", repeat("", "<a><p>")),
        ("open a in div", repeat("", "<a><div>")),
        ("open links in p", repeat("", "<a href=//b><p>")),
        ("open b and p", repeat("", "<b><p>")),
        ("18 elements reopened in p", repeat(&format!("<p>{}", thrice()), "<p>x")),
        ("6 elements reopened in p", repeat(&format!("<p>{FORMATTING}"), "<p>x")),
        ("1 element reopened in p", repeat("<p><b>", "<p>x")),
        ("18 elements reopened in li", repeat(&format!("<li>{}", thrice()), "<li>x")),
        ("18 elements reopened for spaces", repeat(&format!("<p>{}", thrice()), "<p> ")),
        (
            "elements reopened below 1,000 spans",
            repeat(&format!("{}<p>{FORMATTING}", "<span>".repeat(1_000)), "<p>x"),
        ),
        ("misnested b and p", repeat("", "<b><p></b>")),
        ("misnested b and p with text", repeat("", "<b><p>x</b>y</p>")),
        ("misnested formatting elements", repeat("", "<b><i><s><p></b></i></s>")),
        ("misnested formatting elements and blocks", repeat("", blocks)),
        ("misnested b and open links", repeat(&"<em>".repeat(4_000), "<a href=//b><p><strong></b>")),
        ("adoption through spans", repeat_between("<b>", "<span>", &format!("<p>{}", "</b>".repeat(1_000)))),
        ("adoption of many children", repeat_between("<b><p>", "<br>", &"<b><p></b>".repeat(1_200))),
    ]
}

/// Deep nesting, and searches through it.
fn nesting() -> Vec<Shape> {
    vec![
        ("open div", repeat("", "<div>")),
        ("open ul", repeat("", "<ul>")),
        ("open span", repeat("", "<span>")),
        ("open p and ul", repeat("", "<p><ul>")),
        ("700 open div and p", repeat(&"<div>".repeat(700), "<p>")),
        ("spans and end tags of p", repeat(&"<span>".repeat(2_700), "</p>")),
        ("ul and end tags of div", repeat(&"<ul>".repeat(4_000), "</div>")),
        ("li below spans", repeat(&"<span>".repeat(2_500), "<li>")),
        ("definition lists", repeat("<dl>", "<dd><b>")),
        ("buttons and links", repeat("", "<button><span><a href=http://b>")),
        ("buttons", repeat("", "<button><p>")),
    ]
}

/// Tables, and content that is moved in front of them.
fn tables() -> Vec<Shape> {
    let rows = format!("<table>{}", "<tr>x".repeat(3_000));
    vec![
        ("open tables", repeat("", "<table>")),
        ("nested tables", repeat("", "<table><tr><td>")),
        ("cells", repeat("<table>", "<td>")),
        ("cells with formatting elements", repeat("<table>", "<tr><td><b><i>")),
        ("captions", repeat("<table>", "<caption><b>")),
        ("column groups and text", repeat("<table>", "<colgroup>x")),
        ("text in front of a table", repeat("<table>", "x<tr>")),
        ("text between 5,000 br and a table", repeat_between("<p>", "<br>", &rows)),
        (
            "references in front of a table",
            repeat_between("", "<br>", &format!("<table>{}", "&lt".repeat(4_000))),
        ),
        ("b in front of a table", repeat("<table>", "<b>")),
        ("br in front of a table", repeat("<table>", "<br>")),
        ("p in front of a table", repeat("<table>", "<p>x")),
        ("18 elements reopened in front of a table", repeat(&format!("<table>{}", thrice()), "<p>x")),
        ("formatting elements in front of nested tables", repeat("", "<table><b>x")),
    ]
}

/// Characters that are escaped, and text that the tokenizer reads in another state.
fn text() -> Vec<Shape> {
    vec![
        ("ampersands", repeat("", "&")),
        ("less-than signs", repeat("", "<")),
        ("no-break spaces", repeat("", "\u{a0}")),
        ("3,000 no-break spaces and letters", repeat(&"\u{a0}".repeat(3_000), "x")),
        ("Latin-1 characters", repeat("<b>", "\u{b7}")),
        ("6,000 Latin-1 characters and br", repeat(&"\u{b7}".repeat(6_000), "<br>")),
        ("numeric references", repeat("", "&#1;")),
        ("references", repeat("", "&lt")),
        ("references in formatting elements", repeat(&thrice(), "&lt")),
        ("references and tags", repeat("", "<b>&lt")),
        ("ampersands and tags", repeat("", "<b>&")),
        (
            "ampersands and tags in front of nested tables",
            repeat_between(&"<strong><table><img>".repeat(2), "<em>&", "<li><blockquote><li><li><code><li>"),
        ),
        ("line feeds and tags", repeat("", "\n<b>")),
        ("NUL", repeat("<b>", "\0")),
        ("comments", repeat("", "<!>")),
        ("open comment", repeat("<!--", "-")),
        ("raw text", repeat("", "<xmp><</xmp>")),
        ("templates", repeat("", "<template>")),
        ("svg", repeat("", "<svg><b>")),
        ("math", repeat("", "<math><mi><b>")),
        ("preformatted text", repeat("", "<pre>\n")),
    ]
}

/// URLs, which are parsed.
fn links() -> Vec<Shape> {
    let reopened = |url: &str| repeat(&format!("<p><a href=https://{url}>"), "<p>x");
    vec![
        ("relative links", repeat("", "<a href=//b>x</a>")),
        ("links", repeat("", "<a href=http://b>x</a>")),
        ("images", repeat("", "<img>")),
        ("images with a source", repeat("", "<img src=http://b>")),
        ("host of distinct characters", format!("<a href=https://{}>x", distinct("", 20_000))),
        ("host of distinct labels", format!("<a href=https://x{}>x", distinct(".", 16_000))),
        ("path of distinct characters", format!("<a href=https://a/{}>x", distinct("", 20_000))),
        ("host of distinct labels reopened in p", reopened(&format!("x{}", distinct(".", 2_000)))),
        ("path of distinct characters reopened in p", reopened(&format!("a/{}", distinct("", 2_000)))),
        ("path of many segments", repeat_between("<a href=https://a", "/..", ">x")),
        ("path of slashes", repeat_between("<a href=https://a", "/", ">x")),
    ]
}

/// Other elements, as many as fit.
fn structure() -> Vec<Shape> {
    vec![
        ("p", repeat("", "<p>")),
        ("p and text", repeat("", "<p>x")),
        ("end tags of p", repeat("", "</p>")),
        ("br", repeat("", "<br>")),
        ("end tags of br", repeat("", "</br>")),
        ("hr and p", repeat("", "<hr><p>")),
        ("headings", repeat("", "<h1>")),
        ("select", repeat("", "<select>")),
        ("forms", repeat("", "<form>")),
        ("unknown elements", repeat("", "<x>")),
    ]
}
