//! The documents as a whole: links, the map of the README, the changelog's version.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The files of a folder of the repository.
fn files(folder: &str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(Path::new(ROOT).join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
}

/// The text of every Markdown document, by its path.
fn documents() -> BTreeMap<PathBuf, String> {
    ["", "docs", ".github"]
        .into_iter()
        .flat_map(files)
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.canonicalize().unwrap(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The lines of a document that are not in a fenced block.
fn prose(document: &str) -> impl Iterator<Item = &str> {
    document
        .lines()
        .scan(false, |is_fenced, line| {
            let is_fence = line.trim_start().starts_with("```");
            *is_fenced ^= is_fence;
            Some((!*is_fenced && !is_fence).then_some(line))
        })
        .flatten()
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(document: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let headings = prose(document).filter(|line| line.starts_with('#'));
    for heading in headings.map(|line| line.trim_start_matches('#').trim().to_lowercase()) {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let numbered = (1..).map(|number| format!("{anchor}-{number}"));
        let mut candidates = std::iter::once(anchor.clone()).chain(numbered);
        anchors.insert(candidates.find(|candidate| !anchors.contains(candidate)).unwrap());
    }
    anchors
}

/// The targets of a document's links, without those to other hosts.
fn links(document: &str) -> Vec<String> {
    let text = prose(document).collect::<Vec<_>>().join("\n");
    let without_code = text.split('`').step_by(2).collect::<String>();
    let targets = without_code.split("](").skip(1).map(|rest| rest.split_once(')').unwrap().0.to_owned());
    targets.filter(|target| !target.contains("://")).collect()
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    let documents = documents();
    let mut count = 0;
    for (path, text) in &documents {
        for link in links(text) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            let target =
                target.canonicalize().unwrap_or_else(|error| panic!("{}: {link}: {error}", path.display()));
            let has_heading = || documents.get(&target).is_some_and(|text| anchors(text).contains(anchor));
            assert!(anchor.is_empty() || has_heading(), "{}: {link}: no such heading", path.display());
            count += 1;
        }
    }
    assert!(count > 50, "{count} links");
}

#[test]
fn an_anchor_is_the_heading_in_lower_case_without_punctuation() {
    let document = "# A `b`, c-d?\n```\n# e\n```\n## 推送 的\n## 推送 的\n";
    assert_eq!(anchors(document), ["a-b-c-d", "推送-的", "推送-的-1"].map(str::to_owned).into());
}

#[test]
fn the_map_of_both_readmes_names_every_document() {
    for readme in ["README.md", "README.zh-CN.md"] {
        let text = fs::read_to_string(Path::new(ROOT).join(readme)).unwrap();
        let (_, map) = text.split_once("openapi-checks/").unwrap();
        for path in files("docs") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(map.contains(&format!("](docs/{name})")), "{readme}: {name}");
        }
    }
}

#[test]
fn a_readme_has_at_most_200_lines() {
    for readme in ["README.md", "README.zh-CN.md"] {
        let lines = fs::read_to_string(Path::new(ROOT).join(readme)).unwrap().lines().count();
        assert!(lines <= 200, "{readme}: {lines} lines");
    }
}

#[test]
fn the_newest_version_of_the_changelog_is_that_of_the_api() {
    let changelog = include_str!("../../CHANGELOG.md");
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## [")?.split_once("] - ")).unwrap();
    let api =
        include_str!("../../docs/openapi.yaml").lines().find_map(|line| line.strip_prefix("  version: "));
    assert_eq!(Some(newest.0), api);
}
