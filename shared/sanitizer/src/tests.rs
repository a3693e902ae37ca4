//! Results of short contents, and both sides of each limit.

use super::{MAX_LENGTH, allow_list::BUILDER, budget::Cost, prune::prune, sanitize};

#[test]
fn simple_rich_text_is_unchanged() {
    for content in [
        "您好,您有一条新消息 😀",
        "<p>A <b>bold</b> and an <em>important</em> word</p>",
        "<ul><li>one</li></ul>",
        "<table><tbody><tr><td colspan=\"2\">x</td></tr></tbody></table>",
    ] {
        assert_eq!(sanitize(content), content);
    }
    assert_eq!(sanitize("1 < 2 & 3"), "1 &lt; 2 &amp; 3");
    assert_eq!(
        sanitize("<img src=\"https://a/b.png\" alt=\"x\">"),
        "<img src=\"https://a/b.png\" alt=\"x\" referrerpolicy=\"no-referrer\">"
    );
    assert_eq!(
        sanitize("<a href=\"https://a/b\">x</a>"),
        "<a href=\"https://a/b\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>"
    );
}

#[test]
fn active_content_and_styles_are_removed() {
    for (content, shown) in [
        ("a<script>alert(1)</script>b", "ab"),
        ("a<style>*{display:none}</style>b", "ab"),
        ("<img src=x onerror=alert(1)>", "<img referrerpolicy=\"no-referrer\">"),
        ("<img src=\"data:image/svg+xml,<svg onload=alert(1)>\">", "<img referrerpolicy=\"no-referrer\">"),
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
        ("<img src=https:evil>", "<img referrerpolicy=\"no-referrer\">"),
        ("<img src=\" HTTPS:/evil\">", "<img referrerpolicy=\"no-referrer\">"),
        ("<a href=https:\\evil>x</a>", "<a rel=\"noopener noreferrer nofollow\" target=\"_blank\">x</a>"),
        ("<svg onload=alert(1)><circle/></svg>x", "x"),
        ("<iframe src=\"https://a\"></iframe>x", "x"),
        ("<form action=\"https://a\"><input name=x></form>x", "x"),
        ("<p style=\"position:fixed\" class=\"c\" id=\"i\">x</p>", "<p>x</p>"),
        ("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", ""),
        ("<base href=\"https://a\"><meta http-equiv=refresh content=0><link rel=stylesheet href=x>x", "x"),
    ] {
        let result = sanitize(content);
        assert!(!result.contains("alert") && !result.contains("evil"), "{content}: {result}");
        if !shown.is_empty() {
            assert_eq!(result, shown, "{content}");
        }
    }
}

#[test]
fn a_url_is_kept_as_it_was_written() {
    for url in ["https://a/b", "HTTP://例子.测试/?x=y#z", "https:///a"] {
        let link = format!("<a href=\"{url}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>");
        assert_eq!(sanitize(&format!("<a href=\"{url}\">x</a>")), link);
    }
}

#[test]
fn a_result_is_never_longer_than_the_limit() {
    let open = (0..400).fold(String::new(), |open, number| open + "<b a" + &number.to_string() + ">");
    let shapes = [
        format!("{open}{}", "<p>x".repeat(100)),
        format!("<p>{open}{}", "<p>x".repeat(6_000)),
        "<div>".repeat(6_500),
        "<".repeat(32_768),
        "<b><p>".repeat(5_000),
    ];
    for content in shapes {
        assert!(sanitize(&content).len() <= MAX_LENGTH, "{}", content.len());
    }
    let rich = "<p><b>x</b></p>".repeat(2_184);
    assert_eq!(sanitize(&rich), rich);
}

#[test]
fn sanitizing_twice_changes_nothing() {
    for content in
        ["<b><i>x</b></i>", "<<script>script>alert(1)<</script>/script>", "&lt;script&gt;", "<p", "\0<b>"]
    {
        let once = sanitize(content);
        assert_eq!(sanitize(&once), once, "{content}");
    }
}

#[test]
fn text_without_markup_equals_the_parsers_result() {
    for content in
        ["", " \n您好 😀\t", "\u{feff}x", "x\u{feff}", "a\u{a0}b", "1 > 0", "\"'`=/", "a\r\nb", "\0", "é §"]
    {
        assert_eq!(sanitize(content), BUILDER.clean(content).to_string(), "{content:?}");
    }
}

#[test]
fn pruning_does_not_change_the_result() {
    for content in [
        // Elements that are not shown but close a paragraph, a list item or a row.
        "<p>a<section>b</section>c</p>",
        "<p>a<center>b</center>c",
        "<dl><dt>a<dd>b<p>c<dd>d</dl>",
        "<table><caption>a</caption><colgroup><col><col></colgroup><tfoot><tr><td>b</tfoot></table>",
        "<form><p>a</form>b</p>",
        "<ul><li>a<li>b<ul><li>c</ul></ul></li>",
        // Elements whose tags have no effect.
        "<p>a<font color=red><u>b</u></font><o:p>c</o:p></p>",
        "<b>a<i>b</b>c</i>d",
        "<b>a<p>b</b>c</p>d",
        "<a href=https://a>a<a href=https://b>b</a>c</a>",
        "<table><tr><td>a</td>b<p>c</table>",
        "</p></br>a</b>",
        "<image src=https://a/b.png>",
        // Attributes: the first one of a name counts, entities and quotation marks are kept.
        "<img alt='a \"b\" &amp; &lt;c&gt;' ALT=d title width=1 width=2 src=https://a/?b&c=1&#13;>",
        "<a href=https://a/b HREF=https://c title=\"\">x</a title=y>",
        "<td colspan=2>a",
        "<table><td colspan=2 rowspan=3 width=9>a",
        // Text that is not HTML.
        "<iframe><b>a</b></iframe>b",
        "<xmp><b>a</b></xmp>b",
        "<noembed>a</noembed><noframes><p>b</noframes>c",
        "a<plaintext><b>c",
        "a<title>b</title>c<textarea><b>d</textarea>e<noscript><p>f</noscript>g",
        "a<style>b</styl></style>c<script>if (a < b) '<!--<script>'</script>-->d</script>e",
        "a<template><p>b<template></template>c</template>d",
        // Foreign content.
        "a<svg viewBox='0 0 1 1'><title>b</title><style>c</style><path d=e /><g></g></svg>f",
        "a<svg/>b<svg><path>c<p>d",
        "a<svg><style/><path/></svg><b>c</b>",
        "a<math><mi>b</mi><mo>=</mo></math>c",
        // Comments and declarations.
        "<!DOCTYPE html><html><head><meta charset=utf-8><title>a</title></head><body><p>b</body></html>",
        "<!--[if mso]><p>a</p><![endif]-->b<![if !vml]>c<![endif]><?xml:namespace prefix = o />d<!-->e",
        "<!-- a --!>b<!-- <!-- c -->d<!",
        "a<b",
        "a<b c='",
        "a</",
        "a < b",
        // The parser drops the first line feed in `pre`.
        "<pre>\na</pre><pre>\n\nb</pre><pre><u>\nc</u></pre><pre><!-- -->\nd</pre><pre><b>\ne",
        "<!-- -->\u{feff}a&#13;b&nbsp;c&#0;d\0e",
    ] {
        assert_eq!(sanitize(content), BUILDER.clean(content).to_string(), "{content:?}");
    }
}

#[test]
fn content_beyond_each_limit_is_shown_as_text() {
    let is_text = |content: &str| sanitize(content) == ammonia::clean_text(content);
    let first = |content: &dyn Fn(usize) -> String| {
        let counts: Vec<_> = (0..15_000).collect();
        counts.partition_point(|count| !is_text(&content(*count)))
    };
    // Elements.
    assert_eq!(first(&|count| "<br>".repeat(count)), 11_999);
    // Depth: each start tag searches the open elements for a paragraph to close.
    assert_eq!(first(&|count| "<div>".repeat(count)), 1049);
    // Attributes of a link that is reopened.
    let link = |count| format!("<p><a href=https://a/{}>{}", "x".repeat(1_000), "<p>x".repeat(count));
    assert_eq!(first(&link), 129);
    // Escaped characters in one text.
    assert_eq!(first(&|count| format!("<b>{}", "\u{a0}".repeat(count))), 6195);
    // The result.
    let image = |count| "<img>".repeat(count);
    assert!(!is_text(&image(MAX_LENGTH / sanitize("<img>").len())));
    assert!(is_text(&image(MAX_LENGTH / sanitize("<img>").len() + 1)));
}

#[test]
fn a_text_near_a_table_is_charged_like_any_other() {
    let cost = |html: &str| Cost::of(html).steps;
    let text = "\u{a0}".repeat(1_000);
    assert!(cost(&format!("<table>{text}")) >= cost(&text));
    assert!(cost(&format!("{text}<table>{text}")) > 3 * cost(&text));
}

#[test]
fn pruned_html_has_no_other_attributes() {
    let pruned =
        prune("<b class=x onclick=y><a href=x name=y title=z><p style=x title=y><img src=a srcset=b>");
    assert_eq!(pruned.as_deref(), Some("<b><a href=\"x\" title=\"z\"><p><img src=\"a\">"));
}

#[test]
fn the_dry_run_executes_the_parser_of_ammonia() {
    let lock = include_str!("../../../Cargo.lock");
    assert_eq!(lock.matches("name = \"html5ever\"").count(), 1);
}
