//! The caller: an application whose token the authorizer has checked.

use crate::{AppId, BoundedText, Source};

/// The application of a checked token, and the sources that it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The application.
    pub app: AppId,
    /// The values of `source` that it may use.
    pub sources: PermittedSources,
}

impl Principal {
    /// Parses the two strings of the authorizer's context; `None` if the authorizer did not write them.
    #[must_use]
    pub fn from_context(app_id: &str, sources: &str) -> Option<Self> {
        let app = AppId::parse(app_id).ok().filter(|app| !app.as_str().is_empty())?;
        Some(Self { app, sources: PermittedSources::from_context(sources)? })
    }
}

/// The values of `source` that an application may use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PermittedSources(Vec<Source>);

impl PermittedSources {
    /// Whether `source` is one of them.
    #[must_use]
    pub fn permit(&self, source: Source) -> bool {
        self.0.contains(&source)
    }

    /// Comma-separated numbers, as in the authorizer's context.
    #[must_use]
    pub fn to_context(&self) -> String {
        self.0.iter().map(Source::to_string).collect::<Vec<_>>().join(",")
    }

    fn from_context(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        text.split(',')
            .map(|number| number.parse::<u32>().ok()?.try_into().ok())
            .collect::<Option<_>>()
            .map(Self)
    }
}

impl From<Vec<Source>> for PermittedSources {
    fn from(sources: Vec<Source>) -> Self {
        Self(sources)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(numbers: &[u32]) -> PermittedSources {
        PermittedSources(numbers.iter().map(|number| Source::try_from(*number).unwrap()).collect())
    }

    #[test]
    fn sources_come_back_from_the_text_they_are_passed_on_in() {
        for numbers in [&[][..], &[1], &[1, 7, 2_147_483_647]] {
            let sources = sources(numbers);
            let principal = Principal::from_context("app", &sources.to_context()).unwrap();
            assert_eq!(principal.sources, sources);
        }
        assert_eq!(sources(&[1, 7]).to_context(), "1,7");
        assert_eq!(PermittedSources::from(vec![Source::DEFAULT]), sources(&[1]));
    }

    #[test]
    fn an_application_may_use_its_own_sources_alone() {
        let permitted = sources(&[1, 3]);
        assert!(permitted.permit(Source::DEFAULT));
        assert!(!permitted.permit(Source::try_from(2).unwrap()));
        assert!(!PermittedSources::default().permit(Source::DEFAULT));
    }

    #[test]
    fn what_the_authorizer_does_not_write_is_no_principal() {
        for (app, sources) in
            [("", "1"), (" ", "1"), ("app", "0"), ("app", "1,"), ("app", "x"), ("app", "1, 2")]
        {
            assert_eq!(Principal::from_context(app, sources), None, "{app:?} {sources:?}");
        }
    }
}
