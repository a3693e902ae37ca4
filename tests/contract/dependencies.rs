//! The dependency tree has one HTTP and one TLS stack, and the functions have no unnecessary dependencies.

use std::process::Command;

/// Each package of `Cargo.lock` as `name version`.
fn packages() -> Vec<String> {
    let value = |line: Option<&str>| line?.split('"').nth(1).map(str::to_owned);
    include_str!("../../Cargo.lock")
        .split("[[package]]")
        .filter_map(|package| {
            let field = |name: &str| value(package.lines().find(|line| line.starts_with(name)));
            Some(format!("{} {}", field("name = ")?, field("version = ")?))
        })
        .collect()
}

#[test]
fn there_is_no_second_http_or_tls_stack() {
    let packages = packages();
    assert!(packages.iter().any(|package| package.starts_with("hyper 1.")));
    assert!(packages.iter().any(|package| package.starts_with("rustls 0.23.")));
    for banned in ["hyper 0.", "rustls 0.21.", "aws-lc-rs ", "aws-lc-sys ", "openssl ", "native-tls "] {
        assert!(!packages.iter().any(|package| package.starts_with(banned)), "{banned}");
    }
}

/// The crates of the functions, which are the default members, one per line.
fn crates_of_the_functions() -> String {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges=normal", "--prefix=none", "--format={p}"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    String::from_utf8(tree.stdout).unwrap()
}

#[test]
fn the_functions_depend_on_no_credential_provider_chain_and_on_no_tool_crate() {
    let crates = crates_of_the_functions();
    assert!(crates.lines().any(|line| line.starts_with("aws-sdk-dynamodb ")));
    for unwanted in ["aws-config ", "aws-sdk-sts ", "clap ", "dynoxide-rs ", "reqwest "] {
        assert!(!crates.lines().any(|line| line.starts_with(unwanted)), "{unwanted}");
    }
}

#[test]
fn the_functions_run_on_one_thread() {
    let functions = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../functions")).unwrap();
    for function in functions {
        let main = std::fs::read_to_string(function.unwrap().path().join("src/main.rs")).unwrap();
        assert!(main.contains(r#"#[tokio::main(flavor = "current_thread")]"#), "{main}");
    }
}

#[test]
fn the_release_profile_is_the_one_whose_figures_are_documented() {
    let (_, profile) = include_str!("../../Cargo.toml").split_once("[profile.release]\n").unwrap();
    let (profile, _) = profile.split_once("\n\n").unwrap();
    let settings: Vec<_> = profile.lines().collect();
    let measured =
        ["codegen-units = 1", "lto = true", "opt-level = \"z\"", "panic = \"unwind\"", "strip = true"];
    assert_eq!(settings, measured);
}
