package no.portvakt.keyvault.azure;

import com.azure.core.exception.ClientAuthenticationException;
import com.azure.core.exception.HttpResponseException;
import java.io.IOException;
import java.net.http.HttpTimeoutException;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What an operator is told when Microsoft's libraries throw: built from statuses and known codes,
 * because a message of theirs may repeat the vault's answer, and with it a secret.
 *
 * @param vault the vault's host
 * @param wanted what was asked for, such as {@code the secret "signing"}
 */
record FailureSentence(String vault, String wanted) {
  private static final int DEEPEST = 20;
  private static final Pattern CODE = Pattern.compile("[A-Za-z]{1,40}");
  // https://learn.microsoft.com/entra/identity-platform/reference-error-codes
  private static final Pattern ENTRA_CODE = Pattern.compile("AADSTS[0-9]{1,10}");

  VaultFailure about(RuntimeException thrown) {
    if (thrown instanceof HttpResponseException answered && answered.getResponse() != null) {
      int status = answered.getResponse().getStatusCode();
      return status == 404
          ? VaultFailure.lasting("The key vault " + vault + " has not got " + wanted + ".")
          : VaultFailure.outage(ofStatus(status, code(answered.getValue())));
    }
    return VaultFailure.outage(ofCauses(thrown));
  }

  private String ofStatus(int status, String code) {
    String reason = " (status " + status + code + ").";
    return switch (status) {
      case 401 -> "The key vault " + vault + " does not know this server's identity" + reason;
      case 403 -> "The key vault " + vault + " lets this server not read " + wanted + reason;
      case 429 -> "The key vault " + vault + " is asked too often" + reason;
      default -> "The key vault " + vault + " is out of order" + reason;
    };
  }

  private String ofCauses(RuntimeException thrown) {
    boolean io = false;
    Throwable cause = thrown;
    for (int depth = 0; cause != null && depth < DEEPEST; depth++, cause = cause.getCause()) {
      if (cause instanceof HttpTimeoutException || cause instanceof TimeoutException) {
        return "The key vault " + vault + " takes too long to answer.";
      }
      if (cause instanceof SSLException) {
        return "The key vault " + vault + " can't prove who it is, or breaks off TLS.";
      }
      if (cause instanceof ClientAuthenticationException) {
        return "This server has no credential that opens the key vault " + vault + entra(cause);
      }
      if (cause instanceof AnotherHost) {
        return "The key vault " + vault + " points to another host.";
      }
      io |= cause instanceof IOException;
    }
    if (io) {
      return "The key vault " + vault + " can't be reached.";
    }
    String message = thrown.getMessage();
    return message != null && message.startsWith("The challenge ")
        ? "The key vault " + vault + " asks for a token that is meant for somebody else."
        : "The key vault " + vault + " gives an answer that is none.";
  }

  private static String entra(Throwable cause) {
    String message = cause.getMessage();
    Matcher code = ENTRA_CODE.matcher(message == null ? "" : message);
    return code.find() ? " (" + code.group() + ")." : ".";
  }

  // {"error": {"code": ..., "message": ..., "innererror": {"code": ...}}}; the inner code says
  // more.
  private static String code(@Nullable Object answer) {
    if (!(answer instanceof Map<?, ?> document)
        || !(document.get("error") instanceof Map<?, ?> error)) {
      return "";
    }
    Object code =
        error.get("innererror") instanceof Map<?, ?> inner ? inner.get("code") : error.get("code");
    return code instanceof String text && CODE.matcher(text).matches() ? ", " + text : "";
  }

  /** An answer that is too long, or has not the documented form. */
  static final class NoAnswer extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** A request that would have left for another host than the vault. */
  static final class AnotherHost extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }
}
