//! A language model behind one call that ends in time, stays within its budget, and never shows its key.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest};
use genai::resolver::{AuthData, Endpoint};
use sdk_core::env::Env;
use sdk_core::error::{Code, Error, ErrorKind, Result};
use sdk_core::network::Network;
use sdk_core::secret::Secret;
use sdk_core::wire::excerpt;
use url::Url;

use crate::{Budget, Limits, Prompt, Speaker};

/// The model did not answer, or refused.
static MODEL_FAILED: Code = Code::new(
    "model_failed",
    ErrorKind::Connection,
    "the language model gave no answer",
    "look at the cause: the key, the model's name, the address and the provider's own status page",
);

/// The model was too slow.
static MODEL_TIMEOUT: Code = Code::new(
    "model_timeout",
    ErrorKind::Timeout,
    "the language model was too slow",
    "choose a faster model or a longer --model-timeout",
);

/// Prompts are shown, and nobody is asked.
static DRY_RUN: Code =
    Code::new("dry_run", ErrorKind::Misuse, "prompts are shown only", "leave --dry-run out to ask the model");

/// Whose API a model speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Provider {
    /// OpenAI, and every server that speaks its chat format. Key: `OPENAI_API_KEY`.
    Openai,
    /// Anthropic. Key: `ANTHROPIC_API_KEY`.
    Anthropic,
    /// Ollama on this machine. No key.
    Ollama,
}

impl Provider {
    const fn adapter(self) -> AdapterKind {
        match self {
            Self::Openai => AdapterKind::OpenAI,
            Self::Anthropic => AdapterKind::Anthropic,
            Self::Ollama => AdapterKind::Ollama,
        }
    }

    const fn key_name(self) -> Option<&'static str> {
        match self {
            Self::Openai => Some("OPENAI_API_KEY"),
            Self::Anthropic => Some("ANTHROPIC_API_KEY"),
            Self::Ollama => None,
        }
    }

    const fn url(self) -> &'static str {
        match self {
            Self::Openai => "https://api.openai.com/v1/",
            Self::Anthropic => "https://api.anthropic.com/v1/",
            Self::Ollama => "http://localhost:11434/",
        }
    }
}

/// The options of a bot with a language model.
#[derive(Debug, Clone, Args)]
pub struct ModelOptions {
    /// The model's name, as its provider has it. Without it no model is asked, and the built-in persona answers.
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Whose API the model speaks.
    #[arg(long, value_enum, value_name = "NAME", default_value = "openai", requires = "model")]
    pub provider: Provider,
    /// Another server that speaks the provider's format.
    #[arg(long, value_name = "URL", requires = "model")]
    pub model_url: Option<Url>,
    /// How long one answer may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = patience)]
    pub model_timeout: Duration,
    /// At most so many calls a day (UTC).
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub calls_per_day: u64,
    /// At most so many tokens a day, questions and answers together.
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    pub tokens_per_day: u64,
    /// Where the day's use is kept.
    #[arg(long, value_name = "FILE", default_value = ".llm-budget.json")]
    pub budget_file: PathBuf,
    /// Print the prompts and ask nobody.
    #[arg(long)]
    pub dry_run: bool,
}

impl ModelOptions {
    /// The model, or `None` where none was named. With `--dry-run` one that shows its prompts to `shown`.
    ///
    /// # Errors
    /// A key that is missing, an address that would carry it unencrypted to another machine, a budget file that is another
    /// file.
    pub fn open(&self, shown: impl Fn(&Prompt) + Send + Sync + 'static) -> Result<Option<Model>> {
        if self.dry_run {
            return Ok(Some(Model(Arc::new(Inner { behind: Behind::Nobody(Box::new(shown)) }))));
        }
        let Some(name) = &self.model else { return Ok(None) };
        let env = Env::read()?;
        let key = match self.provider.key_name() {
            Some(variable) => Some(Secret::new(env.require(variable)?)),
            None => None,
        };
        let limits = Limits { calls: self.calls_per_day, tokens: self.tokens_per_day };
        let budget = Budget::in_file(limits, &self.budget_file)?;
        Model::new(self.provider, self.model_url.clone(), name, key, self.model_timeout, budget).map(Some)
    }
}

/// Seconds, and parts of them.
fn patience(text: &str) -> Result<Duration, String> {
    let span = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    span.filter(|span| !span.is_zero() && *span <= Duration::from_secs(600))
        .ok_or_else(|| "it must be above 0 and at most 600".to_owned())
}

/// A language model. Cheap to clone.
#[derive(Clone)]
pub struct Model(Arc<Inner>);

struct Inner {
    behind: Behind,
}

enum Behind {
    Server(Box<Server>),
    Nobody(Box<dyn Fn(&Prompt) + Send + Sync>),
}

struct Server {
    client: genai::Client,
    name: String,
    key: Option<Secret>,
    timeout: Duration,
    budget: Budget,
}

impl Model {
    /// A model of a provider; `url` is another server that speaks its format.
    ///
    /// # Errors
    /// [`INVALID_CONFIG`](sdk_core::error::codes::INVALID_CONFIG) or
    /// [`INSECURE_URL`](sdk_core::error::codes::INSECURE_URL) for an address that cannot be used.
    pub fn new(
        provider: Provider,
        url: Option<Url>,
        name: &str,
        key: Option<Secret>,
        timeout: Duration,
        budget: Budget,
    ) -> Result<Self> {
        let mut url = match url {
            Some(url) => url,
            None => Url::parse(provider.url()).map_err(|cause| {
                Error::invalid_config("model-url", "the provider's address is wrong").with_source(cause)
            })?,
        };
        if !url.path().ends_with('/') {
            // The provider's own path is appended.
            url.set_path(&format!("{}/", url.path()));
        }
        let network = Network::new().user_agent(concat!("llm-bots/", env!("CARGO_PKG_VERSION")));
        network.check_url(&url)?;
        let http = network.rest(&url)?;
        let auth = key.as_ref().map_or_else(
            // It wants one even where the server does not.
            || AuthData::from_single("none"),
            |key| AuthData::from_single(key.expose()),
        );
        let adapter = provider.adapter();
        let client = genai::Client::builder()
            .with_reqwest(http)
            .with_adapter_kind(adapter)
            .append_provider_config(adapter, (Endpoint::from_owned(url.as_str()), auth))
            .build()
            .map_err(|cause| {
                Error::invalid_config("model", "the provider's client cannot be made").with_source(cause)
            })?;
        let name = name.to_owned();
        let server = Server { client, name, key, timeout, budget };
        Ok(Self(Arc::new(Inner { behind: Behind::Server(Box::new(server)) })))
    }

    /// The model's answer, without blanks around it.
    ///
    /// # Errors
    /// `model_budget_spent` when the day's calls or tokens are used up: nothing is sent. `model_timeout` and `model_failed`
    /// when there is no answer, or an empty one. `dry_run` where nobody is asked.
    ///
    /// # Cancel safety
    /// Dropping the future drops the call; it counts all the same, with an estimate of its tokens.
    pub async fn ask(&self, prompt: &Prompt) -> Result<String> {
        match &self.0.behind {
            Behind::Nobody(shown) => {
                shown(prompt);
                Err(Error::new(&DRY_RUN, "the prompt was shown, and nobody was asked"))
            }
            Behind::Server(server) => server.ask(prompt).await,
        }
    }

    /// The calls and tokens of the day so far.
    pub fn used(&self) -> (u64, u64) {
        match &self.0.behind {
            Behind::Nobody(_) => (0, 0),
            Behind::Server(server) => server.budget.used(),
        }
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match &self.0.behind {
            Behind::Nobody(_) => "nobody",
            Behind::Server(server) => &server.name,
        };
        f.debug_struct("Model").field("name", &name).finish_non_exhaustive()
    }
}

impl Server {
    async fn ask(&self, prompt: &Prompt) -> Result<String> {
        // Four characters are about one token.
        let asked: usize = prompt.turns().iter().map(|(_, text)| text.len()).sum();
        let estimate = (prompt.system().len() + asked) as u64 / 4 + u64::from(prompt.answer_tokens());
        let call_taken = self.budget.take_call(SystemTime::now(), estimate)?;
        let turns = prompt.turns().iter().map(|(who, text)| match who {
            Speaker::Own => ChatMessage::assistant(text.as_str()),
            Speaker::Other => ChatMessage::user(text.as_str()),
        });
        let request = ChatRequest::from_system(prompt.system()).append_messages(turns);
        let options = ChatOptions::default().with_max_tokens(prompt.answer_tokens());
        let call = self.client.exec_chat(self.name.as_str(), request, Some(&options));
        let answer = match tokio::time::timeout(self.timeout, call).await {
            Err(_) => {
                let message = format!("no answer of {} within {} s", self.name, self.timeout.as_secs_f64());
                return Err(Error::new(&MODEL_TIMEOUT, message));
            }
            // Its words may repeat what was sent, so they are not passed on as they are.
            Ok(Err(cause)) => return Err(Error::new(&MODEL_FAILED, self.without_key(&cause.to_string()))),
            Ok(Ok(answer)) => answer,
        };
        // A server that does not tell costs what was thought.
        if let Some(tokens) = answer.usage.total_tokens.and_then(|tokens| u64::try_from(tokens).ok()) {
            self.budget.settle(call_taken, tokens)?;
        }
        let text = answer.first_text().unwrap_or_default().trim().to_owned();
        if text.is_empty() {
            return Err(Error::new(&MODEL_FAILED, format!("{} answered with nothing", self.name)));
        }
        Ok(text)
    }

    fn without_key(&self, text: &str) -> String {
        let text = self.key.as_ref().map_or_else(|| text.to_owned(), |key| key.redact(text));
        format!("{}: {}", self.name, excerpt(&text))
    }
}
