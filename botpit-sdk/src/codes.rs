//! Error codes of this crate's own, beside those of [`sdk_core::error::codes`].

sdk_core::error_codes! {
    /// The bankroll's guard said no. [`BankrollRefusal::of`](crate::BankrollRefusal::of) has the reason.
    BANKROLL_REFUSED = "bankroll_refused", Misuse, "a wager would pass a limit of the bankroll; nothing was sent",
        "raise the limit with ClientBuilder::bankroll if you can afford it, or stop here";
}
