"""The experiments behind the claims on five proposals for language models; the paper itself reports none."""

from refimpl.specs.attention.genai_engineering.claims import cache, settings, trained, words

CLAIMS = (*words.CLAIMS, *settings.CLAIMS, *cache.CLAIMS, *trained.CLAIMS)
