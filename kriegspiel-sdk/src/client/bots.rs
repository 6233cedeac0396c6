//! Bots: registering, profile, availability, and who can be picked.

use http::HeaderName;
use sdk_core::error::{Result, Sent};
use sdk_core::secret::Secret;

use super::Client;
use crate::model::{
    Account, Availability, BotProfile, ErrorCode, ListedBot, ListedBots, ProfileStored, RegisterBot,
    RegisteredBot, ReportTaken, Ruleset,
};

const KEY_HEADER: HeaderName = HeaderName::from_static("x-bot-registration-key");

impl Client {
    /// Registers a bot (spec, "Account registration"). Its token comes once: store it before anything else.
    ///
    /// The spec wants a registration key; a platform that does not gate registration takes one without, so send it when
    /// you have it.
    ///
    /// ```no_run
    /// use kriegspiel_sdk::{Client, Host, Ruleset, model::RegisterBot};
    ///
    /// # async fn example() -> kriegspiel_sdk::Result<()> {
    /// let client = Client::anonymous().host(Host::Production).build()?;
    /// let bot = RegisterBot::new("randobot", "Random Bot", "owner@bots.example").rulesets([Ruleset::BerkeleyAny]);
    /// let registered = client.register(&bot, None).await?;
    /// let client = client.with_token(registered.api_token)?;
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) as [`RegisterBot::check`] says; a name that is taken
    /// is [`ErrorCode::UsernameTaken`]; otherwise as told at [`Client`](crate::Client#errors). When the answer was lost, the
    /// bot may exist by now: [`sent`](crate::Error::sent) is `Maybe`, and its token cannot be had any more.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. The bot may exist all the same.
    pub async fn register(&self, bot: &RegisterBot, key: Option<&Secret>) -> Result<RegisteredBot> {
        bot.check()?;
        let mut request = self.post(["auth", "bots", "register"]).json(bot);
        if let Some(key) = key {
            request = request.secret_header(KEY_HEADER, key);
        }
        let response = request.send().await.map_err(|error| {
            if error.sent() == Sent::Maybe {
                error.with_note(
                    "the bot may exist by now, with a token that nobody has: register another name",
                )
            } else if error.platform_code() == Some(ErrorCode::UsernameTaken) {
                error.with_note(
                    "registering again gives no new token: use the one that was saved, or another name",
                )
            } else {
                error
            }
        })?;
        RegisteredBot::decode(response.body())
            .map_err(|error| error.with_status(response.status()).with_sent(Sent::Yes))
    }

    /// Stores which rulesets the bot plays (spec, "Keep profile capabilities current"). Games that exist keep theirs.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) without a ruleset; otherwise as told at
    /// [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. It may have been carried out all the same.
    pub async fn sync_profile(&self, rulesets: impl IntoIterator<Item = Ruleset>) -> Result<ProfileStored> {
        let profile = BotProfile::new(rulesets);
        profile.check()?;
        self.post(["bots", "profile"]).json(&profile).send_json().await
    }

    /// Reports whether a model bot can start a game (spec, "Model-bot availability"). A report counts for two minutes. A bot
    /// without a model must not report: the platform would treat it as one with a model.
    ///
    /// # Errors
    /// [`INVALID_ARGUMENT`](sdk_core::error::codes::INVALID_ARGUMENT) for a reason above 500 characters; otherwise as told
    /// at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. It may have been carried out all the same.
    pub async fn report_availability(&self, report: &Availability) -> Result<ReportTaken> {
        report.check()?;
        self.post(["bots", "availability"]).json(report).send_json().await
    }

    /// The bots that humans can pick now (spec, "How humans see bots"), of all rulesets.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn bots(&self) -> Result<Vec<ListedBot>> {
        let list: ListedBots = self.get(["bots"]).send_json().await?;
        Ok(list.bots)
    }

    /// The account that the token belongs to.
    ///
    /// # Errors
    /// As told at [`Client`](crate::Client#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn me(&self) -> Result<Account> {
        let response = self.get(["auth", "me"]).send().await?;
        Account::decode(response.body())
            .map_err(|error| error.with_status(response.status()).with_sent(Sent::Yes))
    }
}
