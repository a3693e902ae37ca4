//! Replays the inputs that the fuzzers found: one for each code path that they reached.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeSet, fs, path::Path};

use fuzz::{TARGETS, Target};

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn corpus() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))
}

#[test]
fn every_input_of_a_corpus_meets_the_oracle_of_its_target() {
    for Target { name, run } in TARGETS {
        let folder = corpus().join(name);
        let inputs = names(&folder);
        assert!(inputs.len() >= 10, "{name} has a corpus");
        for input in inputs {
            // The test's output ends with the input that fails.
            println!("{name}/{input}");
            run(&fs::read(folder.join(input)).unwrap());
        }
    }
}

#[test]
fn every_corpus_and_every_dictionary_has_its_target() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names(corpus()), targets);
    let dictionaries = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/dictionaries"));
    for file in names(dictionaries) {
        assert!(targets.contains(file.strip_suffix(".txt").unwrap()), "{file}");
    }
}
