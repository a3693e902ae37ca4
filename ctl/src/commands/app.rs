//! `chatbotctl app`.

use model::{
    AppId, AppName, BoundedText, Source, Timestamp,
    oauth::{Application, ApplicationStatus, ClientSecret, Effect, Scope, ScopeState},
};
use store::{
    AuditEntry, Stored, VersionedApplication, applications, audit,
    tokens::{self, IssuedToken},
};
use uuid::Uuid;

use super::{Operator, SETTLING_TIME};
use crate::{
    arguments::{App, AppAndScope, AppCommand},
    error::Error,
    view::{self, ApplicationView, ChangeView, CredentialsView},
};

/// Random hex digits of an application's id: 48 bits, short enough to read aloud.
const ID_DIGITS: usize = 12;

pub async fn run(operator: &Operator, command: AppCommand) -> Result<(), Error> {
    match command {
        AppCommand::Create { name, sources } => create(operator, name, sources).await,
        AppCommand::List => list(operator).await,
        AppCommand::Show(App { app }) => show(operator, &app).await,
        AppCommand::RequestScope(AppAndScope { app, scope }) => {
            request_scope(operator, &app.app, scope).await
        }
        AppCommand::Approve(AppAndScope { app, scope }) => approve(operator, &app.app, scope).await,
        AppCommand::Reject(AppAndScope { app, scope }) => reject(operator, &app.app, scope).await,
        AppCommand::RotateSecret { app, grace_hours } => rotate_secret(operator, &app.app, grace_hours).await,
        AppCommand::Disable(App { app }) => disable(operator, &app).await,
        AppCommand::Enable(App { app }) => enable(operator, &app).await,
        AppCommand::History(App { app }) => history(operator, &app).await,
    }
}

async fn create(operator: &Operator, name: AppName, mut sources: Vec<Source>) -> Result<(), Error> {
    sources.sort_unstable();
    sources.dedup();
    let secret = new_secret();
    let entry = operator.entry(format!("created {name}")).await?;
    loop {
        let digits: String = Uuid::new_v4().simple().to_string().chars().take(ID_DIGITS).collect();
        let Ok(id) = AppId::parse(&format!("app-{digits}")) else { continue };
        let new = Application::new(id.clone(), name.clone(), sources.clone(), &secret, entry.at);
        let created = applications::create(&operator.table, new, &entry).await;
        // If the id exists already, the loop draws another.
        if operator.told(created)? == Stored::Yes {
            let view = CredentialsView::new(&id, &secret, None);
            let text = format!(
                "{view}\n\nNext: `chatbotctl app request-scope {id} SCOPE`, then `chatbotctl app approve {id} SCOPE`."
            );
            return operator.print(&text, &view);
        }
    }
}

/// A secret of 244 random bits.
fn new_secret() -> ClientSecret {
    ClientSecret::of_digits(&format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()))
}

async fn list(operator: &Operator) -> Result<(), Error> {
    let applications = operator.told(applications::list(&operator.table).await)?;
    let now = operator.now();
    let views: Vec<_> =
        applications.iter().map(|application| ApplicationView::new(application, now)).collect();
    operator.print(&view::applications(&views), &views)
}

async fn show(operator: &Operator, id: &AppId) -> Result<(), Error> {
    let found = operator.find(id).await?;
    let view = ApplicationView::new(&found.application, operator.now());
    operator.print(&view.to_string(), &view)
}

async fn request_scope(operator: &Operator, id: &AppId, scope: Scope) -> Result<(), Error> {
    let name = scope.name();
    let effect = operator
        .change(id, &format!("requested {name}"), |application| Ok(application.request_scope(name)))
        .await?;
    let text = match effect {
        Effect::Changed => {
            format!("{id} asks for {name}. Next: `chatbotctl app approve {id} {name}`, or `reject`.")
        }
        Effect::Unchanged => format!("{id} has asked for {name} already."),
    };
    operator.print(&text, &ChangeView::new(id, effect, None))
}

async fn approve(operator: &Operator, id: &AppId, scope: Scope) -> Result<(), Error> {
    let name = scope.name();
    let effect = operator
        .change(id, &format!("approved {name}"), |application| {
            application.approve_scope(name).map_err(|why| Error::NotApprovable(why, id.clone(), scope))
        })
        .await?;
    let text = match effect {
        Effect::Changed => format!("{id} may take tokens for {name}."),
        Effect::Unchanged => format!("{name} is approved for {id} already."),
    };
    operator.print(&text, &ChangeView::new(id, effect, None))
}

async fn reject(operator: &Operator, id: &AppId, scope: Scope) -> Result<(), Error> {
    let name = scope.name();
    let before = operator.find(id).await?;
    if before.application.scopes.get(name) == Some(&ScopeState::Approved) {
        operator.confirm(&format!("{name} is taken away from {id}, and its tokens that have it end."))?;
    }
    let effect = operator
        .change_as_seen(&before, &format!("rejected {name}"), |application| {
            application.reject_scope(name).map_err(|why| Error::NotRequested(why, id.clone()))
        })
        .await?;
    let ended =
        end_tokens(operator, id, effect, |token| token.scopes.iter().any(|scope| scope == name)).await?;
    let text = format!("{name} is rejected for {id}. {}", view::ended(ended));
    operator.print(&text, &ChangeView::new(id, effect, Some(ended)))
}

async fn rotate_secret(operator: &Operator, id: &AppId, grace_hours: u64) -> Result<(), Error> {
    let now = operator.now();
    let before = operator.find(id).await?;
    let until = (grace_hours > 0).then(|| now.plus_hours(grace_hours));
    let end = view::end(until);
    let mut consequence = format!("The secret of {id} is replaced; the old one ends {end}.");
    if before.application.previous_secret_until(now).is_some() {
        consequence.push_str(" The one before it, which still works, ends at once.");
    }
    operator.confirm(&consequence)?;
    let secret = new_secret();
    let entry = operator.entry(format!("replaced the secret; the old one ends {end}")).await?;
    let mut after = before.application.clone();
    after.rotate_secret(&secret, until.map(Timestamp::seconds));
    let replace = || replace_secret(operator, &before, &after, &secret, &entry);
    let mut replaced = replace().await;
    if let Err(Error::SecretKept(_) | Error::SecretInDoubt(_)) = replaced {
        // Each attempt changes the version: once this one is stored or refused, an earlier one in flight can no longer be
        // stored.
        replaced = replace().await;
    }
    if let Ok(()) | Err(Error::SecretInDoubt(_)) = replaced {
        let view = CredentialsView::new(id, &secret, until);
        operator.print(&view.to_string(), &view)?;
    }
    replaced
}

/// Replaces `before` by `after`, whose secret is `secret`.
///
/// A transaction whose response was lost may be stored, and its secret is then known here only. After a failure the
/// application is read back and decides.
async fn replace_secret(
    operator: &Operator,
    before: &VersionedApplication,
    after: &Application,
    secret: &ClientSecret,
    entry: &AuditEntry,
) -> Result<(), Error> {
    let failure = match applications::update(&operator.table, before, after.clone(), entry).await {
        Ok(Stored::Yes) => return Ok(()),
        Ok(Stored::Conflict) => Error::Conflict,
        Err(error) => Error::of_store(&operator.table_name)(error),
    };
    tokio::time::sleep(SETTLING_TIME).await;
    let id = &before.application.app_id;
    let found = applications::find(&operator.table, id).await.map_err(Error::SecretInDoubt)?;
    let application = found.as_ref().map(|found| &found.application);
    if Application::authenticates(application, secret, operator.now()) {
        return Ok(());
    }
    if !found.is_some_and(|found| found.is_unchanged_since(before)) {
        return Err(Error::Conflict);
    }
    Err(match failure {
        Error::Unreachable { cause, .. } | Error::Store { cause, .. } => Error::SecretKept(cause),
        refused => refused,
    })
}

async fn disable(operator: &Operator, id: &AppId) -> Result<(), Error> {
    let found = operator.find(id).await?;
    operator
        .confirm(&format!("{id} ({}) gets no more tokens, and those it has end.", found.application.name))?;
    let effect = operator
        .change(id, "disabled", |application| Ok(application.set_status(ApplicationStatus::Disabled)))
        .await?;
    let ended = end_tokens(operator, id, effect, |_| true).await?;
    let text = format!("{id} is disabled. {}", view::ended(ended));
    operator.print(&text, &ChangeView::new(id, effect, Some(ended)))
}

/// Revokes tokens of an application after a stored change that prevents new ones.
///
/// Runs even if nothing changed, since an earlier command may have been interrupted here. The history then gets a separate entry.
async fn end_tokens(
    operator: &Operator,
    id: &AppId,
    effect: Effect,
    of_these: impl Fn(&IssuedToken) -> bool,
) -> Result<usize, Error> {
    let ended = tokens::revoke_all(&operator.table, id, operator.now(), of_these).await;
    let ended = operator.told(ended).map_err(|error| Error::TokensLeft(Box::new(error)))?;
    if effect == Effect::Unchanged && ended > 0 {
        let entry = operator.entry(format!("ended {ended} tokens that were left")).await?;
        operator.told(audit::append(&operator.table, id, &entry).await)?;
    }
    Ok(ended)
}

async fn enable(operator: &Operator, id: &AppId) -> Result<(), Error> {
    let effect = operator
        .change(id, "enabled", |application| Ok(application.set_status(ApplicationStatus::Enabled)))
        .await?;
    let text = match effect {
        Effect::Changed => format!("{id} is enabled; its client has to take new tokens."),
        Effect::Unchanged => format!("{id} is enabled already."),
    };
    operator.print(&text, &ChangeView::new(id, effect, None))
}

async fn history(operator: &Operator, id: &AppId) -> Result<(), Error> {
    operator.find(id).await?;
    let entries = operator.told(audit::list(&operator.table, id).await)?;
    let views: Vec<_> = entries.iter().map(view::AuditView::new).collect();
    operator.print(&view::history(&views), &views)
}
