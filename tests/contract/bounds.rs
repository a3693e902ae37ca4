//! docs/bounds.md: it has every endpoint, and every bound names a test that exists.

use std::{collections::BTreeSet, fs, path::Path};

use local::{TEMPLATE, template::Template};

const BOUNDS: &str = include_str!("../../docs/bounds.md");

/// The folders of the tests of the crates that the page names.
const TESTS_OF: [(&str, &str); 4] = [
    ("contract", "tests/contract"),
    ("ctl", "ctl/tests"),
    ("inbox", "shared/inbox/src"),
    ("sanitizer", "shared/sanitizer/tests/contents"),
];

/// The cells of the table rows, without the heads.
fn rows() -> Vec<Vec<&'static str>> {
    let rows = BOUNDS.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    cells.filter(|cells| !["resource", "endpoint"].contains(&cells[0])).collect()
}

#[test]
fn every_endpoint_has_its_bounds() {
    let rows = rows();
    let bounded: BTreeSet<_> =
        rows.iter().filter(|row| row.len() == 5).map(|row| row[0].trim_matches('`')).collect();
    let template = Template::parse(TEMPLATE).unwrap();
    let paths = template.apis.iter().flat_map(|api| &api.routes).map(|route| route.path.as_str());
    assert_eq!(bounded, paths.chain(["authorizer"]).collect());
}

#[test]
fn every_bound_names_a_test_that_exists() {
    for row in rows() {
        let named = row.last().unwrap().trim_matches('`');
        let (crate_name, test) = named.split_once(' ').unwrap_or((named, ""));
        let (_, folder) = TESTS_OF.into_iter().find(|(name, _)| *name == crate_name).expect(named);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
        assert!(folder.is_dir(), "{named}");
        if let Some((module, function)) = test.split_once("::") {
            let source = fs::read_to_string(folder.join(module).with_extension("rs")).expect(named);
            assert!(source.contains(&format!("fn {function}(")), "{named}");
        }
    }
}
