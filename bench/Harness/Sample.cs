namespace Treeline.Bench;

/// <summary>What one run of a trial cost, per operation. What was not measured is not a number.</summary>
/// <param name="Figure">What the row is about: nanoseconds elapsed, unless its <see cref="Row.Unit"/> says otherwise.</param>
/// <param name="CpuNanoseconds">Processor time of the whole process.</param>
/// <param name="Bytes">Bytes allocated by the whole process.</param>
internal readonly record struct Sample(double Figure, double CpuNanoseconds = double.NaN, double Bytes = double.NaN);
