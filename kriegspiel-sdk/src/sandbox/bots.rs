//! Accounts by HTTP: registering bots, what they can play and whether they are ready (spec, "Account registration", "Keep
//! profile capabilities current", "How humans see bots", "Model-bot availability"), humans and guests.

use sdk_core::clock::Instant;
use serde_json::json;

use super::accounts::{AccountKey, NewAccount, Report};
use super::form::{Form, Pattern, TextRule};
use super::platform::Platform;
use super::refusal::{Answer, Outcome, Refusal};
use super::seeds;
use super::settings::Registration;
use crate::model::{
    DISPLAY_NAME, Extra, ListedBot, ListedBots, MAX_DESCRIPTION, MAX_EMAIL, MAX_REASON, MAX_USERNAME,
    Provider, RegisterBot, Role, Ruleset,
};

const NAME: &str = "^[a-zA-Z0-9_]+$";

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

const USERNAME: TextRule = TextRule { min: 1, max: MAX_USERNAME, pattern: Some(Pattern(NAME, is_name)) };

/// What a registration says, checked.
pub(super) struct NewBot {
    pub(super) username: String,
    pub(super) display_name: String,
    pub(super) owner_email: String,
    pub(super) description: String,
    pub(super) listed: Option<bool>,
    pub(super) rulesets: Option<Vec<Ruleset>>,
}

impl NewBot {
    fn read(content_type: &str, body: &[u8]) -> Outcome<Self> {
        let mut form = Form::read(content_type, body)?;
        let username = form.text("username", &USERNAME);
        let display_name =
            form.text("display_name", &TextRule::of(*DISPLAY_NAME.start(), *DISPLAY_NAME.end()));
        let owner_email = form.text("owner_email", &TextRule::of(3, MAX_EMAIL)).to_ascii_lowercase();
        if !is_email(&owner_email) && !owner_email.is_empty() {
            form.refuse_value("owner_email", "Invalid email format");
        }
        let description = form.text_or_empty("description", &TextRule::of(0, MAX_DESCRIPTION));
        let listed = form.flag("listed");
        let rulesets = read_rulesets(&mut form, false);
        form.finish(true)?;
        Ok(Self { username, display_name, owner_email, description, listed, rulesets })
    }
}

/// A registration that was checked by [`RegisterBot::check`].
impl From<&RegisterBot> for NewBot {
    fn from(bot: &RegisterBot) -> Self {
        let mut rulesets: Option<Vec<Ruleset>> = None;
        for ruleset in bot.supported_rule_variants.iter().flatten() {
            let known = rulesets.get_or_insert_default();
            if ruleset.is_known() && !known.contains(ruleset) {
                known.push(ruleset.clone());
            }
        }
        Self {
            username: bot.username.trim().to_owned(),
            display_name: bot.display_name.trim().to_owned(),
            owner_email: bot.owner_email.trim().to_ascii_lowercase(),
            description: bot.description.as_deref().unwrap_or_default().trim().to_owned(),
            listed: bot.listed,
            rulesets,
        }
    }
}

fn is_email(text: &str) -> bool {
    text.find('@').is_some_and(|at| at > 0) && !text.ends_with('@')
}

fn read_rulesets(form: &mut Form, is_needed: bool) -> Option<Vec<Ruleset>> {
    let texts = form.texts("supported_rule_variants", is_needed)?;
    let mut rulesets: Vec<Ruleset> = Vec::new();
    for text in &texts {
        let ruleset = Ruleset::from(text.as_str());
        if !ruleset.is_known() {
            form.refuse_value("supported_rule_variants", "Unsupported rule variant");
        } else if !rulesets.contains(&ruleset) {
            rulesets.push(ruleset);
        }
    }
    if texts.is_empty() {
        form.refuse_value("supported_rule_variants", "At least one supported rule variant is required");
    }
    Some(rulesets)
}

impl Platform {
    /// `POST /auth/bots/register`. A bad body is answered before a wrong key.
    pub(super) fn register_bot(
        &mut self,
        content_type: &str,
        body: &[u8],
        key: Option<&str>,
        now: Instant,
    ) -> Outcome {
        let bot = NewBot::read(content_type, body)?;
        if let Registration::Gated(wanted) = &self.settings.registration
            && key != Some(wanted.expose())
        {
            return Err(Refusal::detail(401, "Invalid bot registration key"));
        }
        let (account, token) = self.add_bot(bot, now)?;
        let account = self.account(account)?;
        let registered = json!({
            "bot_id": account.id,
            "username": account.username,
            "display_name": account.display_name,
            "owner_email": account.email,
            "api_token": token.expose(),
            "message": "Bot registered. Save this token now; it will not be shown again.",
        });
        Ok(Answer::json(201, &registered))
    }

    /// Adds a bot, and its token.
    pub(super) fn add_bot(
        &mut self,
        bot: NewBot,
        now: Instant,
    ) -> Outcome<(AccountKey, sdk_core::secret::Secret)> {
        self.name_is_free(&bot.username)?;
        let about = format!("{} {} {}", bot.username, bot.display_name, bot.description).to_ascii_lowercase();
        let is_probe = ["e2e", "test", "probe"].iter().any(|word| about.contains(word));
        let id = seeds::object_id(&mut self.streams.ids);
        let default_rulesets = || match bot.username.to_ascii_lowercase().as_str() {
            "randobot" => Ruleset::ALL.to_vec(),
            "randobotany" => vec![Ruleset::BerkeleyAny],
            _ => vec![Ruleset::Berkeley, Ruleset::BerkeleyAny],
        };
        let rulesets = bot.rulesets.unwrap_or_else(default_rulesets);
        let key = self.accounts.add(
            NewAccount {
                id,
                username: bot.username.clone(),
                display_name: bot.display_name,
                role: Role::Bot,
                email: Some(bot.owner_email),
                description: bot.description,
                listed: bot.listed.unwrap_or(!is_probe),
                rulesets,
                house: None,
            },
            now,
        );
        let token = self.give_token(key, &bot.username);
        Ok((key, token))
    }

    fn name_is_free(&self, username: &str) -> Outcome<()> {
        if self.accounts.named(username).is_some() {
            let detail = json!({ "field": "username", "code": "USERNAME_TAKEN", "message": "Username already exists" });
            return Err(Refusal::Detail(409, detail));
        }
        if self.accounts.is_full() {
            return Err(Refusal::detail(503, "This sandbox has no room for another account"));
        }
        Ok(())
    }

    /// The bot behind a token that nobody was given, but that holds a magic word: such a token is good.
    pub(super) fn with_magic_token(&mut self, token: &str, now: Instant) -> Option<AccountKey> {
        let known = self.accounts.with_token(token);
        if known.is_some() || sdk_core::sandbox::magic::is_revoked(token) || !seeds::has_magic(token) {
            return known;
        }
        let name = format!("magic_{}", seeds::object_id(&mut self.streams.ids));
        let bot = NewBot {
            username: name.clone(),
            display_name: "Magic".to_owned(),
            owner_email: "magic@sandbox.example".to_owned(),
            description: String::new(),
            listed: Some(false),
            rulesets: Some(Ruleset::ALL.to_vec()),
        };
        let (key, _) = self.add_bot(bot, now).ok()?;
        self.accounts.give_token(key, name, &sdk_core::secret::Secret::new(token));
        Some(key)
    }

    /// `POST /auth/register`: a human, who is known by a cookie from then on.
    pub(super) fn register_human(&mut self, content_type: &str, body: &[u8], now: Instant) -> Outcome {
        let mut form = Form::read(content_type, body)?;
        let username = form.text("username", &USERNAME);
        let email = form.text("email", &TextRule::of(3, MAX_EMAIL)).to_ascii_lowercase();
        form.text("password", &TextRule::of(1, 512));
        form.finish(true)?;
        self.name_is_free(&username)?;
        self.add_human(
            username,
            Role::User,
            Some(email),
            now,
            "Account created. You are now logged in.",
            2_592_000,
        )
    }

    /// `POST /auth/guest`: a human without a name.
    pub(super) fn register_guest(&mut self, now: Instant) -> Outcome {
        let id = seeds::object_id(&mut self.streams.ids);
        let username = format!("guest_{}", id.get(..12).unwrap_or(&id));
        self.name_is_free(&username)?;
        let message = "Guest account created. You are now logged in.";
        self.add_human(username, Role::Guest, None, now, message, 34_560_000)
    }

    fn add_human(
        &mut self,
        username: String,
        role: Role,
        email: Option<String>,
        now: Instant,
        message: &str,
        max_age: u32,
    ) -> Outcome {
        let id = seeds::object_id(&mut self.streams.ids);
        let session = seeds::session(&mut self.streams.ids);
        let key = self.accounts.add(
            NewAccount {
                id,
                username: username.clone(),
                display_name: username,
                role,
                email,
                description: String::new(),
                listed: false,
                rulesets: Ruleset::ALL.to_vec(),
                house: None,
            },
            now,
        );
        self.accounts.give_session(key, &session);
        let account = self.account(key)?;
        let body = json!({ "user_id": account.id, "username": account.username, "message": message });
        let cookie =
            format!("session_id={}; HttpOnly; Max-Age={max_age}; Path=/; SameSite=lax", session.expose());
        Ok(Answer::json(201, &body).with("set-cookie", cookie))
    }

    /// `POST /bots/profile`.
    pub(super) fn sync_profile(&mut self, who: AccountKey, content_type: &str, body: &[u8]) -> Outcome {
        let mut form = Form::read(content_type, body)?;
        let rulesets = read_rulesets(&mut form, true).unwrap_or_default();
        form.finish(false)?;
        if !self.is_bot(who) {
            return Err(Refusal::detail(403, "Only bots can sync bot profiles"));
        }
        let account = self.accounts.get_mut(who).ok_or(Refusal::Crash)?;
        account.rulesets = rulesets;
        Ok(Answer::json(200, &json!({ "ok": true, "supported_rule_variants": account.rulesets })))
    }

    /// `POST /bots/availability`. Any bot may report; it counts for model bots alone.
    pub(super) fn report_availability(
        &mut self,
        who: AccountKey,
        content_type: &str,
        body: &[u8],
        now: Instant,
    ) -> Outcome {
        let mut form = Form::read(content_type, body)?;
        let provider = form.needed_word("provider", &["openai", "anthropic"]);
        let ready = form.needed_flag("ready");
        form.text_or_empty("reason", &TextRule::of(0, MAX_REASON));
        form.finish(false)?;
        if !self.is_bot(who) {
            return Err(Refusal::detail(403, "Only bots can report model availability"));
        }
        let provider = if provider == Some("anthropic") { Provider::Anthropic } else { Provider::OpenAi };
        let account = self.accounts.get_mut(who).ok_or(Refusal::Crash)?;
        account.report = Some(Report { provider, ready, at: now });
        Ok(Answer::json(200, &json!({ "ok": true })))
    }

    /// `GET /bots`: who is listed and available, by name. It is not filtered by ruleset.
    pub(super) fn list_bots(&self, now: Instant) -> Answer {
        let shown = self.accounts.iter().map(|(_, account)| account).filter(|account| {
            account.is_bot() && account.listed && account.is_available(&self.settings, now)
        });
        let mut bots: Vec<ListedBot> = shown
            .filter_map(|account| {
                Some(ListedBot {
                    bot_id: account.id.parse().ok()?,
                    username: account.username.clone(),
                    display_name: account.display_name.clone(),
                    description: account.description.clone(),
                    elo: account.overall.elo,
                    ratings: account.ratings(),
                    supported_rule_variants: account.rulesets.clone(),
                    extra: Extra::default(),
                })
            })
            .collect();
        bots.sort_by(|a, b| a.username.cmp(&b.username));
        Answer::json(200, &ListedBots { bots, extra: Extra::default() })
    }
}
