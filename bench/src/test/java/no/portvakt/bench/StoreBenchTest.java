package no.portvakt.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StoreBenchTest {
  @Test
  void measuresTheSizeThatTablesGrowToAtLast() {
    assertThat(StoreBench.sizes(1000)).containsExactly(1000);
    assertThat(StoreBench.sizes(5000)).containsExactly(1000, 5000);
    assertThat(StoreBench.sizes(10_000)).containsExactly(1000, 10_000);
    assertThat(StoreBench.sizes(500_000)).containsExactly(1000, 10_000, 100_000, 500_000);
    assertThat(StoreBench.sizes(10_000_000)).hasSize(5).endsWith(1_000_000, 10_000_000);
  }
}
