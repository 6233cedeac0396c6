//! What the page's buttons do.

use botpit_sdk::sdk_core::sandbox::{Fault, When};
use botpit_sdk::{Error, Result};
use url::form_urlencoded;

use crate::served::{Kind, Platform, kind_of};

/// A moment that can be chosen on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// Its name in the form.
    pub(super) id: &'static str,
    /// What the page says.
    pub(super) words: String,
    when: When,
}

/// The moments that can be chosen on a platform.
pub(super) fn choices(platform: &Platform) -> Vec<Choice> {
    let choice = |id, words: &str, when| Choice { id, words: words.to_owned(), when };
    if platform.ws_url().is_none() {
        return vec![
            choice("now", "now, or at the next request", When::Now),
            choice("move", "at the next move", When::request("/move")),
            choice(
                "after-move",
                "when the next move was made, instead of the answer",
                When::answered("/move"),
            ),
        ];
    }
    let dialect = platform.server().dialect();
    let (turn, action) = (dialect.turn_type(), dialect.action_type());
    vec![
        choice("now", "now, or at the next request", When::Now),
        choice("next", "on the next connection", When::NextConnection),
        choice("turn", &format!("at the next {turn}"), When::sent(turn)),
        choice("move", &format!("when the next {action} arrives"), When::received(action)),
        choice("after-move", &format!("when the next {action} was handled"), When::handled(action)),
    ]
}

/// Does what a form asks for, and says so. `None` where there is no such button.
pub(super) fn carry_out(platform: &Platform, deed: &str, form: &[u8]) -> Option<Result<String>> {
    let faults = platform.server().faults();
    match deed {
        "fault" => Some(order(platform, form)),
        "clear" => {
            faults.clear();
            Some(Ok("the pending orders are forgotten.".to_owned()))
        }
        "reset" => {
            platform.server().reset();
            Some(Ok("started afresh; keys are as good as before.".to_owned()))
        }
        _ => None,
    }
}

fn order(platform: &Platform, form: &[u8]) -> Result<String> {
    let field = |wanted: &str| {
        let found = form_urlencoded::parse(form).find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let name = field("fault").unwrap_or_default();
    let fault = Fault::named(&name).ok_or_else(|| {
        Error::invalid_argument(
            "fault",
            format!("there is no fault {name:?}: they are {}", Fault::NAMES.join(", ")),
        )
    })?;
    if !platform.can_have(&fault) {
        let message = format!("{name} breaks a WebSocket, and this platform has none.");
        return Err(Error::invalid_argument("fault", message));
    }
    let chosen = field("when").unwrap_or_else(|| "now".to_owned());
    let choices = choices(platform);
    let choice = choices
        .into_iter()
        .find(|choice| choice.id == chosen)
        .ok_or_else(|| Error::invalid_argument("when", format!("there is no moment {chosen:?}")))?;
    let of_answers = matches!(kind_of(&fault), Kind::Connect | Kind::Http);
    if of_answers && matches!(choice.when, When::Sent(_) | When::Received(_) | When::Handled(_)) {
        let message =
            format!("{name} comes before there are messages: it can be now, or on the next connection.");
        return Err(Error::invalid_argument("when", message));
    }
    let when = match choice.when {
        // A message is broken before it goes out; what breaks the connection lets it go out first.
        When::Sent(kind) if kind_of(&fault) == Kind::Message => When::Sending(kind),
        when => when,
    };
    let mut order = fault.on(when);
    if let Some(label) = field("only") {
        order = order.only(label);
    }
    let words = order.to_string();
    platform.server().faults().order(order)?;
    Ok(format!("{words}."))
}
