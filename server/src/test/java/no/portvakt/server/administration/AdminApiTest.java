package no.portvakt.server.administration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.database.Database;
import no.portvakt.server.registration.SubscopeGrammar;
import no.portvakt.server.store.AuditTable;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.TokenVerifier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AdminApiTest {
  @Test
  void describesEveryOperationAndNoOther() throws IOException, MalformedJson {
    try (Database database = Database.inMemory()) {
      AuditLog audit =
          new AuditLog(database, new AuditTable(database), (_, _, _) -> {}, RuleTrace::new);
      AdminApi api =
          new AdminApi(
              new AdminApi.Options(AdminApi.StatusCodes.OBSERVED, SubscopeGrammar.EXTENDED, false),
              database,
              audit,
              new TokenVerifier(Map.of(), () -> Instant.EPOCH),
              () -> Instant.EPOCH);
      assertThat(described()).isEqualTo(new TreeSet<>(api.operations()));
    }
  }

  private static Set<String> described() throws IOException, MalformedJson {
    Map<String, @Nullable Object> document;
    try (InputStream in = AdminApi.class.getResourceAsStream("openapi.json")) {
      document = Json.readObject(Objects.requireNonNull(in).readAllBytes());
    }
    TreeSet<String> operations = new TreeSet<>();
    Map<?, ?> paths = (Map<?, ?>) Objects.requireNonNull(document.get("paths"));
    paths.forEach((path, item) -> {
      for (Object method : ((Map<?, ?>) item).keySet()) {
        if (!method.equals("servers")) {
          operations.add(String.valueOf(method).toUpperCase(Locale.ROOT) + " " + path);
        }
      }
    });
    return operations;
  }
}
