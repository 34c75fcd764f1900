using SocketStress;

namespace Treeline.Tests.Stress;

/// <summary>
/// The short form of <c>samples/SocketStress</c>: resets, half-closes, cancellations and time limits at random; every byte is checked,
/// and that nothing is left.
/// </summary>
public sealed class SocketStressTests : TreeTest
{
    [Theory]
    [InlineData(nameof(Weather.MultiThread), 1)]
    [InlineData(nameof(Weather.CurrentThread), 2)]
    [InlineData(nameof(Weather.ThreadPerCore), 3)]
    [InlineData(nameof(Weather.Portable), 4)]
    public Task No_byte_is_lost_and_nothing_is_left(string weather, int seed) => InTime(() =>
    {
        if (OperatingSystem.IsLinux()) // where what is left can be counted
        {
            Storm storm = StormRound.Run(Enum.Parse<Weather>(weather), seed, TimeSpan.FromSeconds(1.5));

            Assert.All(storm.Endings, static each => Assert.True(each.Value > 0, $"No conversation ended like {each.Key}."));
        }

        return Task.CompletedTask;
    });
}
