package no.portvakt.keyvault.azure;

import com.azure.core.http.HttpPipelineCallContext;
import com.azure.core.http.HttpPipelineNextPolicy;
import com.azure.core.http.HttpPipelineNextSyncPolicy;
import com.azure.core.http.HttpResponse;
import com.azure.core.http.policy.HttpPipelinePolicy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import no.portvakt.keyvault.azure.FailureSentence.NoAnswer;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Lets through only answers that are whole and have the documented form. Without this the library
 * takes a list that breaks off, or a proxy's page, for a list of no versions: keys would vanish.
 */
final class WholeAnswers implements HttpPipelinePolicy {
  @Override
  public Mono<HttpResponse> process(HttpPipelineCallContext context, HttpPipelineNextPolicy next) {
    return Mono.error(new UnsupportedOperationException("The vault is asked synchronously."));
  }

  // Inside the repeated part, so that an answer that breaks off is asked for again.
  @Override
  public HttpResponse processSync(
      HttpPipelineCallContext context, HttpPipelineNextSyncPolicy next) {
    ReadAnswer answer;
    try {
      answer = ReadAnswer.of(next.processSync());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (answer.getStatusCode() == 200) {
      boolean list = context.getHttpRequest().getUrl().getPath().endsWith("/versions");
      Map<String, @Nullable Object> document = document(answer);
      if (list ? !isList(document) : !isSecret(document)) {
        throw new NoAnswer();
      }
    }
    return answer;
  }

  private static Map<String, @Nullable Object> document(ReadAnswer answer) {
    try {
      return Json.readObject(answer.body());
    } catch (MalformedJson e) {
      throw new NoAnswer();
    }
  }

  // https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificate-versions
  private static boolean isList(Map<String, @Nullable Object> document) {
    return document.get("value") instanceof List<?> items
        && items.stream().allMatch(item -> item instanceof Map<?, ?> members && isItem(members))
        && isTextOrMissing(document.get("nextLink"));
  }

  // https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret
  private static boolean isSecret(Map<String, @Nullable Object> document) {
    return isItem(document)
        && isTextOrMissing(document.get("value"))
        && isTextOrMissing(document.get("contentType"))
        && isTextOrMissing(document.get("kid"));
  }

  private static boolean isItem(Map<?, ?> members) {
    return members.get("id") instanceof String
        && isTextOrMissing(members.get("x5t"))
        && members.get("attributes") instanceof Map<?, ?> attributes
        && attributes.get("enabled") instanceof Boolean
        && isTimeOrMissing(attributes.get("nbf"))
        && isTimeOrMissing(attributes.get("exp"))
        && isTimeOrMissing(attributes.get("created"));
  }

  private static boolean isTextOrMissing(@Nullable Object value) {
    return value == null || value instanceof String;
  }

  private static boolean isTimeOrMissing(@Nullable Object value) {
    return value == null || value instanceof Long;
  }
}
