"""The same answers the plain way: every prompt whole, one at a time, through `model.generate`."""

import torch

from nextjob.extraction import Feature
from nextjob.extraction.engines.prompts import PromptBuilder
from nextjob.extraction.engines.transformers_engine import TransformersExtractor
from nextjob.extraction.sections import compact


@torch.inference_mode()
def plain_answer(engine: TransformersExtractor, ad: str, feature: Feature) -> tuple[str, float | None, int]:
    """Raw answer, probability of a closed one, and tokens generated."""
    builder = PromptBuilder(engine.tokenizer, [feature], engine.max_prompt_tokens)
    ids = torch.tensor([builder.whole(compact(ad), feature)])
    if feature.choices is None:
        made = engine.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=feature.max_new_tokens,
            eos_token_id=engine.stop_tokens,
            pad_token_id=0,
        )[0, ids.shape[1] :].tolist()
        if made[-1] in engine.stop_tokens:
            made = made[:-1]
        return engine.tokenizer.decode(made, skip_special_tokens=True).strip(), None, len(made)
    choices = builder.choice_tokens(feature)
    if len({tokens[0] for tokens in choices}) == len(choices):
        scores = engine.model(ids).logits[0, -1, [tokens[0] for tokens in choices]]
    else:
        scores = torch.stack([_log_probability(engine, ids, tokens) for tokens in choices])
    best = int(scores.argmax())
    return feature.choices[best], float(scores.softmax(-1)[best]), 0


def _log_probability(engine: TransformersExtractor, prompt: torch.Tensor, tokens: list[int]) -> torch.Tensor:
    whole = [*tokens, engine.tokenizer.eos_token_id]
    ids = torch.cat([prompt, torch.tensor([whole])], dim=1)
    after = engine.model(ids).logits[0, prompt.shape[1] - 1 : -1].log_softmax(-1)
    return after.gather(1, torch.tensor(whole)[:, None]).sum()
