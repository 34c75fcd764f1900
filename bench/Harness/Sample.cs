namespace Treeline.Bench;

/// <summary>What one timed call of a side cost, per operation.</summary>
/// <param name="Nanoseconds">Elapsed time.</param>
/// <param name="CpuNanoseconds">Processor time of the whole process.</param>
/// <param name="Bytes">Bytes allocated by the whole process.</param>
internal readonly record struct Sample(double Nanoseconds, double CpuNanoseconds, double Bytes);
