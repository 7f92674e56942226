//! Who sells and who makes: folds the names that logs give to providers into the names of those who send the
//! invoice.

use std::borrow::Cow;

/// Spellings that differ from the seller's own name by more than case. OpenTelemetry's values and the names
/// that gateways and SDKs use, as their documentation lists them.
const SPELLINGS: &[(&str, &str)] = &[
    ("az.ai.openai", "azure"),
    ("az.ai.inference", "azure"),
    ("azure.ai.openai", "azure"),
    ("azure.ai.inference", "azure"),
    ("azure_openai", "azure"),
    ("azure-openai", "azure"),
    ("azure_ai", "azure"),
    ("gcp.gemini", "google"),
    ("gcp.gen_ai", "google"),
    ("gemini", "google"),
    ("google_genai", "google"),
    ("google-genai", "google"),
    ("google_ai_studio", "google"),
    ("google.generative-ai", "google"),
    ("generativeai", "google"),
    ("gcp.vertex_ai", "vertex"),
    ("gcp.vertex.agent", "vertex"),
    ("vertex_ai", "vertex"),
    ("vertex-ai", "vertex"),
    ("vertexai", "vertex"),
    ("google_vertexai", "vertex"),
    ("google.vertex", "vertex"),
    ("aws.bedrock", "bedrock"),
    ("aws_bedrock", "bedrock"),
    ("amazon-bedrock", "bedrock"),
    ("bedrock_converse", "bedrock"),
    ("amazon_bedrock", "bedrock"),
    ("aws-bedrock", "bedrock"),
    ("google-ai-studio", "google"),
    ("google-vertex-ai", "vertex"),
    ("google_vertex", "vertex"),
    ("google-vertex", "vertex"),
    ("perplexity-ai", "perplexity"),
    ("workers-ai", "cloudflare"),
    ("aws", "bedrock"),
    ("amazon", "bedrock"),
    ("vertex_ai_beta", "vertex"),
    ("text-completion-openai", "openai"),
    ("x_ai", "xai"),
    ("x-ai", "xai"),
    ("mistral_ai", "mistral"),
    ("mistralai", "mistral"),
    ("deepseek_ai", "deepseek"),
    ("together_ai", "together"),
    ("togetherai", "together"),
    ("fireworks_ai", "fireworks"),
    ("moonshotai", "moonshot"),
    ("moonshot_ai", "moonshot"),
    ("moonshot-ai", "moonshot"),
    ("kimi", "moonshot"),
    ("google_ai", "google"),
    ("google-ai", "google"),
    ("mistral-ai", "mistral"),
    ("together-ai", "together"),
    ("fireworks-ai", "fireworks"),
    ("fireworksai", "fireworks"),
    ("open_ai", "openai"),
    ("openai_chat", "openai"),
    ("openai-chat", "openai"),
    ("openai/chat", "openai"),
    ("anthropic-messages", "anthropic"),
    ("grok", "xai"),
    ("zhipu", "zai"),
    ("zhipuai", "zai"),
    ("z-ai", "zai"),
    ("z.ai", "zai"),
    ("zai-org", "zai"),
    ("claude", "anthropic"),
];

/// Sellers whose name an SDK follows with the API used: `openai.responses`, `anthropic.messages`.
const DOTTED: &[&str] = &[
    "openai",
    "anthropic",
    "mistral",
    "xai",
    "groq",
    "cohere",
    "deepseek",
    "azure",
    "vertex",
    "perplexity",
    "cerebras",
    "openrouter",
];

/// Tells OpenAI's models by their names. Its open-weight ones are sold by others alone.
pub fn is_openai_model(model: &str) -> bool {
    const FAMILIES: [&str; 15] = [
        "gpt-",
        "gpt3",
        "chatgpt-",
        "o1",
        "o3",
        "o4",
        "ft:",
        "text-embedding-",
        "text-davinci",
        "codex-",
        "dall-e",
        "omni-moderation",
        "computer-use",
        "tts-",
        "whisper-1",
    ];
    FAMILIES.iter().any(|name| model.starts_with(name)) && !model.starts_with("gpt-oss")
}

/// Returns the seller a provider name stands for; a name that is not known stays, in lower case.
pub fn fold(name: &str) -> Cow<'_, str> {
    let name = name.trim();
    let lower: Cow<'_, str> =
        if name.bytes().any(|b| b.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() };
    // `Azure OpenAI` is `azure_openai`.
    let lower = if lower.contains(' ') { Cow::Owned(lower.replace(' ', "_")) } else { lower };
    let spelt = |name: &str| SPELLINGS.iter().find(|(spelling, _)| *spelling == name).map(|(_, seller)| *seller);
    // `google.vertex.chat` is `google.vertex` with the API used behind it.
    let shorter = std::iter::successors(Some(&*lower), |name| name.rsplit_once('.').map(|(head, _)| head));
    if let Some(seller) = shorter.into_iter().find_map(spelt) {
        return Cow::Borrowed(seller);
    }
    if let Some((head, _)) = lower.split_once('.')
        && let Some(seller) = DOTTED.iter().find(|seller| **seller == head)
    {
        return Cow::Borrowed(seller);
    }
    lower
}
