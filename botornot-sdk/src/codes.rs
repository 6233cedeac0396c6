//! The stable error codes of this crate alone; those that it shares are in [`sdk_core::error::codes`].

sdk_core::error_codes! {
    /// The compliance check cannot be passed.
    COMPLIANCE_FAILED = "compliance_failed", Rejected, "the platform refused the echo of its compliance token again and again, or never sent one, so no match can be asked for", "try again later, and look whether the platform's compliance check has changed";
}
