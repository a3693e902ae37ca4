//! The signing secrets: the first one, and `chatbotctl webhook rotate-secret`.

use model::{AppId, Timestamp};
use store::webhooks::{self, SigningSecrets};
use webhook::secret::Secret;

use super::{super::SETTLING_TIME, Operator, record};
use crate::{
    error::Error,
    view,
    view::webhook::{NewSecret, RotationView},
};

/// Generates the first secret of an application unless it has one. Returns the secret to show, if there is one, and whether
/// it is stored.
pub async fn first(operator: &Operator, id: &AppId) -> Result<(Option<NewSecret>, Result<(), Error>), Error> {
    if find(operator, id).await?.is_some() {
        return Ok((None, Ok(())));
    }
    let secret = generate()?;
    let secrets = SigningSecrets::new(secret.clone());
    let new = NewSecret::new(secret, secrets.version(), None);
    match store(operator, id, &secrets).await {
        stored @ (Ok(()) | Err(Error::SigningSecretInDoubt { .. })) => Ok((Some(new), stored)),
        Err(error) => Err(error),
    }
}

pub async fn rotate(operator: &Operator, id: &AppId, grace_hours: u64) -> Result<(), Error> {
    operator.find(id).await?;
    let before = find(operator, id).await?.ok_or_else(|| Error::NoWebhook(id.clone()))?;
    let now = operator.now();
    let until = (grace_hours > 0).then(|| now.plus_hours(grace_hours));
    let end = view::end(until);
    let mut consequence = format!("The signing secret of {id} is replaced; the old one ends {end}.");
    if before.previous_until(now).is_some() {
        consequence.push_str(" The one before it, which still signs, ends at once.");
    }
    operator.confirm(&consequence)?;
    let secret = generate()?;
    let after = before.rotated(secret.clone(), until.map(Timestamp::seconds));
    let entry = operator.entry(format!("replaced the signing secret; the old one ends {end}")).await?;
    let stored = store(operator, id, &after).await;
    if let Ok(()) | Err(Error::SigningSecretInDoubt { .. }) = stored {
        let view = RotationView::new(id, NewSecret::new(secret, after.version(), until));
        operator.print(&view.secret.to_string(), &view)?;
    }
    match stored {
        Err(Error::Unreachable { cause, .. } | Error::Store { cause, .. }) => Err(Error::SecretKept(cause)),
        Err(error) => Err(error),
        Ok(()) => record(operator, id, &entry).await,
    }
}

async fn find(operator: &Operator, id: &AppId) -> Result<Option<SigningSecrets>, Error> {
    operator.told_of_webhooks(webhooks::find_secrets(&operator.webhooks, id).await)
}

fn generate() -> Result<String, Error> {
    Secret::generate().map(|secret| secret.expose()).map_err(|_| Error::NoRandomNumbers)
}

/// Stores secrets. Only this process knows the new one.
async fn store(operator: &Operator, id: &AppId, secrets: &SigningSecrets) -> Result<(), Error> {
    match try_to_store(operator, id, secrets).await {
        // Once a second write of the version is stored or refused, the first one in flight can change nothing.
        Err(Error::Unreachable { .. } | Error::Store { .. } | Error::SigningSecretInDoubt { .. }) => {
            try_to_store(operator, id, secrets).await
        }
        outcome => outcome,
    }
}

/// A write whose response was lost may be stored. After a failure the secrets are read back and decide.
async fn try_to_store(operator: &Operator, id: &AppId, secrets: &SigningSecrets) -> Result<(), Error> {
    let version = secrets.version();
    let failure = match webhooks::put_secrets(&operator.webhooks, id, secrets).await {
        Ok(true) => return Ok(()),
        Ok(false) => Error::WebhookConflict(id.clone()),
        Err(error) => Error::of_store(&operator.webhooks_name)(error),
    };
    tokio::time::sleep(SETTLING_TIME).await;
    let found = webhooks::find_secrets(&operator.webhooks, id).await;
    let found = found.map_err(|cause| Error::SigningSecretInDoubt { cause, app: id.clone(), version })?;
    match found {
        Some(found) if found == *secrets => Ok(()),
        Some(found) if found.version() >= version => Err(Error::WebhookConflict(id.clone())),
        _ => Err(failure),
    }
}
