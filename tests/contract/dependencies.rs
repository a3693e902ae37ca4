//! One HTTP stack and one TLS stack in the tree.

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
